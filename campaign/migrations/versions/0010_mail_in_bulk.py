"""Mail that goes out in bulk: what it is about, when it was begun, and a token by which its reader is known.

Locks: outbox_message while each of its rows gets a token.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox_message", sa.Column("campaign_id", sa.BigInteger(), nullable=True))
    op.add_column("outbox_message", sa.Column("step_id", sa.BigInteger(), nullable=True))
    op.add_column("outbox_message", sa.Column("donor_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "outbox_message", sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    op.add_column(
        "outbox_message",
        sa.Column("locale", sa.Text(), server_default=sa.text("'en'"), nullable=False),
    )
    op.add_column("outbox_message", sa.Column("timezone", sa.Text(), nullable=True))
    op.add_column(
        "outbox_message",
        sa.Column(
            "token",
            sa.Text(),
            server_default=sa.text(
                "translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/=', '-_')"
            ),
            nullable=False,
        ),
    )
    op.add_column(
        "outbox_message",
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.add_column(
        "outbox_message",
        sa.Column("bulk", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "outbox_message", sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "outbox_message", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "outbox_message", sa.Column("resent_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "outbox_message", sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("outbox_message", sa.Column("bounce", sa.Text(), nullable=True))
    op.drop_index(
        op.f("ix_outbox_message_due"),
        table_name="outbox_message",
        postgresql_where="(state = ANY (ARRAY['queued'::text, 'sending'::text]))",
    )
    op.create_index(
        "ix_outbox_message_due",
        "outbox_message",
        ["bulk", "next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_index(
        "ix_outbox_message_campaign_id",
        "outbox_message",
        ["campaign_id"],
        unique=False,
        postgresql_where=sa.text("campaign_id IS NOT NULL"),
    )
    op.create_index(
        "ix_outbox_message_failed",
        "outbox_message",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index(
        "ix_outbox_message_recipient",
        "outbox_message",
        [sa.literal_column("lower(recipient)")],
        unique=False,
    )
    op.create_index(
        "uq_outbox_message_step_recipient",
        "outbox_message",
        ["step_id", sa.literal_column("lower(recipient)")],
        unique=True,
        postgresql_where=sa.text("step_id IS NOT NULL"),
    )
    op.create_unique_constraint(op.f("uq_outbox_message_token"), "outbox_message", ["token"])
    op.create_foreign_key(
        op.f("fk_outbox_message_donor_id_donor"), "outbox_message", "donor", ["donor_id"], ["id"]
    )
    op.create_foreign_key(
        op.f("fk_outbox_message_campaign_id_campaign"),
        "outbox_message",
        "campaign",
        ["campaign_id"],
        ["id"],
    )
    op.create_foreign_key(
        op.f("fk_outbox_message_step_id_campaign_step"),
        "outbox_message",
        "campaign_step",
        ["step_id"],
        ["id"],
    )


def downgrade() -> None:
    op.drop_constraint(
        op.f("fk_outbox_message_step_id_campaign_step"), "outbox_message", type_="foreignkey"
    )
    op.drop_constraint(
        op.f("fk_outbox_message_campaign_id_campaign"), "outbox_message", type_="foreignkey"
    )
    op.drop_constraint(
        op.f("fk_outbox_message_donor_id_donor"), "outbox_message", type_="foreignkey"
    )
    op.drop_constraint(op.f("uq_outbox_message_token"), "outbox_message", type_="unique")
    op.drop_index(
        "uq_outbox_message_step_recipient",
        table_name="outbox_message",
        postgresql_where=sa.text("step_id IS NOT NULL"),
    )
    op.drop_index("ix_outbox_message_recipient", table_name="outbox_message")
    op.drop_index(
        "ix_outbox_message_failed",
        table_name="outbox_message",
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.drop_index(
        "ix_outbox_message_campaign_id",
        table_name="outbox_message",
        postgresql_where=sa.text("campaign_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_outbox_message_due",
        table_name="outbox_message",
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_index(
        op.f("ix_outbox_message_due"),
        "outbox_message",
        ["next_attempt_at"],
        unique=False,
        postgresql_where="(state = ANY (ARRAY['queued'::text, 'sending'::text]))",
    )
    op.drop_column("outbox_message", "bounce")
    op.drop_column("outbox_message", "bounced_at")
    op.drop_column("outbox_message", "resent_at")
    op.drop_column("outbox_message", "expires_at")
    op.drop_column("outbox_message", "begun_at")
    op.drop_column("outbox_message", "bulk")
    op.drop_column("outbox_message", "details")
    op.drop_column("outbox_message", "token")
    op.drop_column("outbox_message", "timezone")
    op.drop_column("outbox_message", "locale")
    op.drop_column("outbox_message", "name")
    op.drop_column("outbox_message", "donor_id")
    op.drop_column("outbox_message", "step_id")
    op.drop_column("outbox_message", "campaign_id")
