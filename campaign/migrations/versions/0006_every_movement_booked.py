"""The ledger books what goes back; receipts are corrected; a final result is frozen; the states keep their order.

Locks: donation, ledger_entry, receipt and campaign, while their rows are checked; about a second for a million entries.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


TRANSITIONS = """
CREATE FUNCTION require_donation_transition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    beginning CONSTANT text[] := ARRAY['pending', 'declined', 'expired', 'processing', 'failed', 'paid'];
    settled CONSTANT text[] := ARRAY['paid', 'partially_refunded', 'refunded', 'disputed', 'lost'];
    allowed boolean;
BEGIN
    IF OLD.state = ANY (settled) THEN
        allowed := NEW.state = ANY (settled) OR NEW.state = 'failed';
    ELSE
        allowed := array_position(beginning, NEW.state) > array_position(beginning, OLD.state);
    END IF;
    IF allowed IS NOT TRUE THEN
        RAISE EXCEPTION 'A donation that is % cannot become %.', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER require_transition BEFORE UPDATE OF state ON donation
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION require_donation_transition();
"""

# A finalized campaign's row is locked FOR UPDATE while it is frozen, so this waits for it and sees it.
GUARD = """
CREATE FUNCTION guard_ledger_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    frozen timestamptz;
BEGIN
    IF NEW.kind <> 'payment' AND NOT EXISTS (
        SELECT FROM ledger_entry WHERE donation_id = NEW.donation_id AND kind = 'payment'
    ) THEN
        RAISE EXCEPTION 'Donation % has no payment that a % could follow.', NEW.donation_id, NEW.kind
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.campaign_id IS NOT NULL AND NEW.kind NOT IN ('correction', 'fee') THEN
        SELECT finalized_at INTO frozen FROM campaign WHERE id = NEW.campaign_id FOR KEY SHARE;
        IF frozen IS NOT NULL THEN
            RAISE EXCEPTION 'The result of campaign % is final since %; only a correction changes it.',
                NEW.campaign_id, frozen USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_entry BEFORE INSERT ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION guard_ledger_entry();
"""

# A gift is counted while anything is left of it, a donor while any gift is. A donation keeps to one shard, so that a
# transaction that books several of its entries waits for nobody who waits for it.
COUNT_ENTRY = """
CREATE OR REPLACE FUNCTION count_ledger_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
    gifts integer;
    standing_now bigint;
    people integer := 0;
    giver bigint;
BEGIN
    IF NEW.campaign_id IS NULL OR NEW.amount = 0 THEN
        RETURN NULL;
    END IF;
    SELECT donor_id INTO giver FROM donation WHERE id = NEW.donation_id FOR NO KEY UPDATE;
    SELECT coalesce(sum(amount), 0) INTO before FROM ledger_entry
        WHERE donation_id = NEW.donation_id AND campaign_id = NEW.campaign_id AND id <> NEW.id;
    gifts := (before + NEW.amount > 0)::integer - (before > 0)::integer;
    IF gifts <> 0 THEN
        INSERT INTO campaign_donor AS kept (campaign_id, donor_id, standing) VALUES (NEW.campaign_id, giver, gifts)
            ON CONFLICT (campaign_id, donor_id) DO UPDATE SET standing = kept.standing + EXCLUDED.standing
            RETURNING standing INTO standing_now;
        people := (standing_now > 0)::integer - (standing_now - gifts > 0)::integer;
    END IF;
    INSERT INTO progress_shard AS kept (campaign_id, shard, raised, donations, donors)
        VALUES (NEW.campaign_id, NEW.donation_id % 16, NEW.amount, gifts, people)
        ON CONFLICT (campaign_id, shard) DO UPDATE SET
            raised = kept.raised + EXCLUDED.raised,
            donations = kept.donations + EXCLUDED.donations,
            donors = kept.donors + EXCLUDED.donors;
    PERFORM pg_notify('progress', NEW.campaign_id::text);
    RETURN NULL;
END $$;
"""

COUNT_PAYMENTS_ONLY = """
CREATE OR REPLACE FUNCTION count_ledger_entry() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""

# Until now every entry was a payment, and its covered fees stood in the donation alone.
FILL = """
ALTER TABLE ledger_entry DISABLE TRIGGER append_only;
UPDATE ledger_entry SET cover = donation.cover FROM donation
    WHERE donation.id = ledger_entry.donation_id AND donation.cover > 0;
ALTER TABLE ledger_entry ENABLE TRIGGER append_only;
UPDATE campaign_donor SET standing = (
    SELECT count(*) FROM ledger_entry JOIN donation ON donation.id = ledger_entry.donation_id
    WHERE ledger_entry.campaign_id = campaign_donor.campaign_id AND donation.donor_id = campaign_donor.donor_id
);
"""

CHECKS = {
    "campaign": {"finalized": "(finalized_at IS NULL) = (final_raised IS NULL)"},
    "donation": {
        "paid": "state NOT IN ('paid', 'partially_refunded', 'refunded', 'disputed', 'lost')"
        " OR (paid_at IS NOT NULL AND charged_at IS NOT NULL)",
        "state": "state IN ('pending', 'declined', 'expired', 'processing', 'failed', 'paid', 'partially_refunded',"
        " 'refunded', 'disputed', 'lost')",
    },
    "ledger_entry": {
        "kind": "kind IN ('payment', 'payment_failed', 'refund', 'refund_failed', 'dispute', 'reinstatement', 'fee',"
        " 'correction')",
        "payment": "kind <> 'payment' OR (amount > 0 AND cover >= 0)",
        "out": "kind NOT IN ('payment_failed', 'refund', 'dispute') OR (amount <= 0 AND cover <= 0)",
        "back": "kind NOT IN ('refund_failed', 'reinstatement') OR (amount >= 0 AND cover >= 0)",
        "fee": "kind <> 'fee' OR (amount = 0 AND cover = 0)",
        "correction": "(kind = 'correction') = (reason IS NOT NULL AND recorded_by IS NOT NULL)",
    },
    "receipt": {
        "kind": "kind IN ('receipt', 'corrected', 'void')",
        "amount": "amount >= 0 AND (amount = 0) = (kind = 'void')",
        "replaces": "(kind = 'receipt') = (replaces_id IS NULL)",
    },
}
BEFORE = {
    "donation": {
        "paid": "state <> 'paid' OR (paid_at IS NOT NULL AND charged_at IS NOT NULL)",
        "state": "state IN ('pending', 'declined', 'expired', 'processing', 'failed', 'paid')",
    },
    "ledger_entry": {"kind": "kind IN ('payment')", "payment": "kind <> 'payment' OR amount > 0"},
    "receipt": {"amount": "amount > 0"},
}


def replace_checks(old: dict[str, dict[str, str]], new: dict[str, dict[str, str]]) -> None:
    for table, checks in old.items():
        for name in checks:
            op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    for table, checks in new.items():
        for name, rule in checks.items():
            op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, rule)


def upgrade() -> None:
    op.add_column("campaign", sa.Column("finalized_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("campaign", sa.Column("final_raised", sa.BigInteger(), nullable=True))
    op.add_column(
        "campaign_donor",
        sa.Column("standing", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("donation", sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "ledger_entry",
        sa.Column("cover", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("ledger_entry", sa.Column("balance_transaction_id", sa.Text(), nullable=True))
    op.add_column("ledger_entry", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("ledger_entry", sa.Column("recorded_by", sa.Text(), nullable=True))
    op.create_index("ix_ledger_entry_donation_id", "ledger_entry", ["donation_id"], unique=False)
    op.create_unique_constraint(
        op.f("uq_ledger_entry_balance_transaction_id"), "ledger_entry", ["balance_transaction_id"]
    )
    op.create_index("ix_outbox_message_receipt_id", "outbox_message", ["receipt_id"], unique=False)
    op.add_column(
        "receipt", sa.Column("kind", sa.Text(), server_default=sa.text("'receipt'"), nullable=False)
    )
    op.add_column("receipt", sa.Column("replaces_id", sa.BigInteger(), nullable=True))
    op.drop_constraint(op.f("uq_receipt_donation_id"), "receipt", type_="unique")
    op.create_index("ix_receipt_donation_id", "receipt", ["donation_id"], unique=False)
    op.create_index(
        "uq_receipt_first",
        "receipt",
        ["donation_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'receipt'"),
    )
    op.create_unique_constraint(op.f("uq_receipt_replaces_id"), "receipt", ["replaces_id"])
    op.create_foreign_key(
        op.f("fk_receipt_replaces_id_receipt"), "receipt", "receipt", ["replaces_id"], ["id"]
    )
    replace_checks(BEFORE, CHECKS)
    op.execute(FILL)
    op.execute(TRANSITIONS)
    op.execute(GUARD)
    op.execute(COUNT_ENTRY)


def downgrade() -> None:
    op.execute(COUNT_PAYMENTS_ONLY)
    op.execute("DROP FUNCTION guard_ledger_entry, require_donation_transition CASCADE")
    replace_checks(CHECKS, BEFORE)
    op.drop_constraint(op.f("fk_receipt_replaces_id_receipt"), "receipt", type_="foreignkey")
    op.drop_constraint(op.f("uq_receipt_replaces_id"), "receipt", type_="unique")
    op.drop_index(
        "uq_receipt_first", table_name="receipt", postgresql_where=sa.text("kind = 'receipt'")
    )
    op.drop_index("ix_receipt_donation_id", table_name="receipt")
    op.create_unique_constraint(
        op.f("uq_receipt_donation_id"),
        "receipt",
        ["donation_id"],
        postgresql_nulls_not_distinct=False,
    )
    op.drop_column("receipt", "replaces_id")
    op.drop_column("receipt", "kind")
    op.drop_index("ix_outbox_message_receipt_id", table_name="outbox_message")
    op.drop_constraint(
        op.f("uq_ledger_entry_balance_transaction_id"), "ledger_entry", type_="unique"
    )
    op.drop_index("ix_ledger_entry_donation_id", table_name="ledger_entry")
    op.drop_column("ledger_entry", "recorded_by")
    op.drop_column("ledger_entry", "reason")
    op.drop_column("ledger_entry", "balance_transaction_id")
    op.drop_column("ledger_entry", "cover")
    op.drop_column("donation", "returned_at")
    op.drop_column("campaign_donor", "standing")
    op.drop_column("campaign", "final_raised")
    op.drop_column("campaign", "finalized_at")
