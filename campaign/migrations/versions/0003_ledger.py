"""The ledger, append-only, and the sums that its insert trigger keeps.

Locks: nothing; every table is new.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
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


def upgrade() -> None:
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
    op.execute(APPEND_ONLY)
    op.execute(COUNT_ENTRY)


def downgrade() -> None:
    op.execute("DROP FUNCTION ledger_is_append_only, count_ledger_entry CASCADE")
    op.drop_table("ledger_entry")
    op.drop_table("progress_shard")
    op.drop_table("campaign_donor")
