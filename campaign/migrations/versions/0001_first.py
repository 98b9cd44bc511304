"""The first tables, and the triggers that keep the books.

Locks: nothing; every table is new.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = """
CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The ledger is append-only: record a new entry instead of % on %.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
"""

COUNT_ENTRY = """
CREATE FUNCTION count_ledger_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    new_donors integer := 0;
BEGIN
    IF NEW.campaign_id IS NULL THEN
        RETURN NULL;
    END IF;
    IF NEW.kind = 'payment' THEN
        INSERT INTO campaign_donor (campaign_id, donor_id)
            SELECT NEW.campaign_id, donation.donor_id FROM donation WHERE donation.id = NEW.donation_id
            ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS new_donors = ROW_COUNT;
    END IF;
    INSERT INTO progress_shard AS kept (campaign_id, shard, raised, donations, donors)
        VALUES (NEW.campaign_id, floor(random() * 16), NEW.amount, (NEW.kind = 'payment')::integer, new_donors)
        ON CONFLICT (campaign_id, shard) DO UPDATE SET
            raised = kept.raised + EXCLUDED.raised,
            donations = kept.donations + EXCLUDED.donations,
            donors = kept.donors + EXCLUDED.donors;
    PERFORM pg_notify('progress', NEW.campaign_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER count_entry AFTER INSERT ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION count_ledger_entry();
"""

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
        "campaign",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("goal", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_wall_clock", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("grace_days", sa.Integer(), server_default=sa.text("14"), nullable=False),
        sa.Column("suggested_amounts", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("smallest_amount", sa.BigInteger(), nullable=False),
        sa.Column("appeal", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("ck_campaign_currency")),
        sa.CheckConstraint(
            "slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 80",
            name=op.f("ck_campaign_slug"),
        ),
        sa.CheckConstraint("deadline > starts_at", name=op.f("ck_campaign_window")),
        sa.CheckConstraint("goal > 0", name=op.f("ck_campaign_goal")),
        sa.CheckConstraint("grace_days >= 0", name=op.f("ck_campaign_grace_days")),
        sa.CheckConstraint("smallest_amount > 0", name=op.f("ck_campaign_smallest_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("slug", name=op.f("uq_campaign_slug")),
    )
    op.create_index(op.f("ix_campaign_deadline"), "campaign", ["deadline"], unique=False)
    op.create_table(
        "donor",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donor")),
    )
    op.create_index(
        "uq_donor_lower_email", "donor", [sa.literal_column("lower(email)")], unique=True
    )
    op.create_table(
        "inbox_event",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "next_attempt_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('received', 'done', 'ignored', 'failed', 'given_up')",
            name=op.f("ck_inbox_event_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_event")),
    )
    op.create_index(
        "ix_inbox_event_due",
        "inbox_event",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('received', 'failed')"),
    )
    op.create_table(
        "receipt_counter",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_receipt_counter")),
    )
    op.create_table(
        "campaign_donor",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("donor_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_donor_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["donor_id"], ["donor.id"], name=op.f("fk_campaign_donor_donor_id_donor")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "donor_id", name=op.f("pk_campaign_donor")),
    )
    op.create_table(
        "progress_shard",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("raised", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("donations", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("donors", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("shard >= 0 AND shard < 16", name=op.f("ck_progress_shard_shard")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_progress_shard_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "shard", name=op.f("pk_progress_shard")),
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stripe_id", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("donor_id", sa.BigInteger(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("cover", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "frequency IN ('one_time', 'monthly', 'yearly')", name=op.f("ck_subscription_frequency")
        ),
        sa.CheckConstraint("state IN ('active', 'ended')", name=op.f("ck_subscription_state")),
        sa.CheckConstraint("amount > 0 AND cover >= 0", name=op.f("ck_subscription_amount")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_subscription_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["donor_id"], ["donor.id"], name=op.f("fk_subscription_donor_id_donor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_subscription_stripe_id")),
    )
    op.create_index(op.f("ix_subscription_donor_id"), "subscription", ["donor_id"], unique=False)
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
        "ledger_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.Column("donation_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("ck_ledger_entry_currency")),
        sa.CheckConstraint("kind <> 'payment' OR amount > 0", name=op.f("ck_ledger_entry_payment")),
        sa.CheckConstraint("kind IN ('payment')", name=op.f("ck_ledger_entry_kind")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_ledger_entry_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["donation_id"], ["donation.id"], name=op.f("fk_ledger_entry_donation_id_donation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("kind", "source", name=op.f("uq_ledger_entry_kind_source")),
    )
    op.create_index(
        "ix_ledger_entry_campaign_id_occurred_at",
        "ledger_entry",
        ["campaign_id", "occurred_at"],
        unique=False,
    )
    op.create_index(
        "uq_ledger_entry_one_payment",
        "ledger_entry",
        ["donation_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'payment'"),
    )
    op.create_table(
        "receipt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("donation_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("gift_date", sa.Date(), nullable=False),
        sa.Column(
            "issued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("frozen", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_receipt_amount")),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_receipt_sequence")),
        sa.ForeignKeyConstraint(
            ["donation_id"], ["donation.id"], name=op.f("fk_receipt_donation_id_donation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("donation_id", name=op.f("uq_receipt_donation_id")),
        sa.UniqueConstraint("token", name=op.f("uq_receipt_token")),
        sa.UniqueConstraint("year", "sequence", name=op.f("uq_receipt_year_sequence")),
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
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "next_attempt_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_outbox_message_sent")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'failed')", name=op.f("ck_outbox_message_state")
        ),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["receipt.id"], name=op.f("fk_outbox_message_receipt_id_receipt")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
        sa.UniqueConstraint("kind", "subject_key", name=op.f("uq_outbox_message_kind_subject_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_message_id")),
    )
    op.create_index(
        "ix_outbox_message_due",
        "outbox_message",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.execute(APPEND_ONLY)
    op.execute(COUNT_ENTRY)
    op.execute(TELL_PROMISES)


def downgrade() -> None:
    # CASCADE takes the triggers, which would refuse the rest.
    op.execute("DROP FUNCTION ledger_is_append_only, count_ledger_entry, tell_promises CASCADE")
    op.drop_index(
        "ix_outbox_message_due",
        table_name="outbox_message",
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.drop_table("outbox_message")
    op.drop_table("stripe_call")
    op.drop_table("receipt")
    op.drop_index(
        "uq_ledger_entry_one_payment",
        table_name="ledger_entry",
        postgresql_where=sa.text("kind = 'payment'"),
    )
    op.drop_index("ix_ledger_entry_campaign_id_occurred_at", table_name="ledger_entry")
    op.drop_table("ledger_entry")
    op.drop_index(
        "uq_donation_open_attempt",
        table_name="donation",
        postgresql_where=sa.text("state IN ('pending', 'processing')"),
    )
    op.drop_index("ix_donation_subscription_id", table_name="donation")
    op.drop_index(
        "ix_donation_promised",
        table_name="donation",
        postgresql_include=["amount"],
        postgresql_where=sa.text("state = 'processing'"),
    )
    op.drop_index("ix_donation_donor_id", table_name="donation")
    op.drop_index("ix_donation_campaign_id_created_at", table_name="donation")
    op.drop_table("donation")
    op.drop_index(op.f("ix_subscription_donor_id"), table_name="subscription")
    op.drop_table("subscription")
    op.drop_table("progress_shard")
    op.drop_table("campaign_donor")
    op.drop_table("receipt_counter")
    op.drop_index(
        "ix_inbox_event_due",
        table_name="inbox_event",
        postgresql_where=sa.text("state IN ('received', 'failed')"),
    )
    op.drop_table("inbox_event")
    op.drop_index("uq_donor_lower_email", table_name="donor")
    op.drop_table("donor")
    op.drop_index(op.f("ix_campaign_deadline"), table_name="campaign")
    op.drop_table("campaign")
