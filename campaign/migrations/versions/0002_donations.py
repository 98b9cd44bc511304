"""Donations, and what Stripe was asked for them. A promise is told to whoever listens.

Locks: nothing; every table is new.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TELL_PROMISES = """
CREATE FUNCTION tell_promises() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('progress', NEW.campaign_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER tell_promises AFTER UPDATE OF state ON donation
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state AND 'processing' IN (OLD.state, NEW.state))
    EXECUTE FUNCTION tell_promises();
"""


def upgrade() -> None:
    op.create_table(
        "donation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("donor_id", sa.BigInteger(), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=True),
        sa.Column("attempt", sa.Text(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("cover", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("locale", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        sa.Column("anonymous", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("comment", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("tribute_kind", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("tribute_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("code", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("session_url", sa.Text(), nullable=True),
        sa.Column("session_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_intent_id", sa.Text(), nullable=True),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("charged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "frequency IN ('one_time', 'monthly', 'yearly')", name=op.f("ck_donation_frequency")
        ),
        sa.CheckConstraint(
            "state <> 'paid' OR (paid_at IS NOT NULL AND charged_at IS NOT NULL)",
            name=op.f("ck_donation_paid"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'declined', 'expired', 'processing', 'failed', 'paid')",
            name=op.f("ck_donation_state"),
        ),
        sa.CheckConstraint("amount > 0 AND amount <= 99999999", name=op.f("ck_donation_amount")),
        sa.CheckConstraint("cover >= 0", name=op.f("ck_donation_cover")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_donation_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["donor_id"], ["donor.id"], name=op.f("fk_donation_donor_id_donor")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscription.id"],
            name=op.f("fk_donation_subscription_id_subscription"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donation")),
        sa.UniqueConstraint("invoice_id", name=op.f("uq_donation_invoice_id")),
        sa.UniqueConstraint("payment_intent_id", name=op.f("uq_donation_payment_intent_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_donation_public_id")),
        sa.UniqueConstraint("session_id", name=op.f("uq_donation_session_id")),
        sa.UniqueConstraint("token", name=op.f("uq_donation_token")),
    )
    op.create_index(
        "ix_donation_campaign_id_created_at",
        "donation",
        ["campaign_id", "created_at"],
        unique=False,
    )
    op.create_index("ix_donation_donor_id", "donation", ["donor_id"], unique=False)
    op.create_index(
        "ix_donation_promised",
        "donation",
        ["campaign_id"],
        unique=False,
        postgresql_include=["amount"],
        postgresql_where=sa.text("state = 'processing'"),
    )
    op.create_index("ix_donation_subscription_id", "donation", ["subscription_id"], unique=False)
    op.create_index(
        "uq_donation_open_attempt",
        "donation",
        ["attempt"],
        unique=True,
        postgresql_where=sa.text("state IN ('pending', 'processing')"),
    )
    op.create_table(
        "stripe_call",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("donation_id", sa.BigInteger(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result_id", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["donation_id"], ["donation.id"], name=op.f("fk_stripe_call_donation_id_donation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_call")),
        sa.UniqueConstraint(
            "donation_id",
            "operation",
            "ordinal",
            name=op.f("uq_stripe_call_donation_id_operation_ordinal"),
        ),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_stripe_call_idempotency_key")),
    )
    op.execute(TELL_PROMISES)


def downgrade() -> None:
    op.execute("DROP FUNCTION tell_promises CASCADE")
    op.drop_table("stripe_call")
    op.drop_table("donation")
