"""Who asked to be told is told: a delivery is written in the transaction of the fact itself.

Locks: ledger_entry and subscription, briefly.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Where nobody asked, each is one look at a small table.
TELL = """
CREATE FUNCTION tell_of_money() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE told text := CASE NEW.kind WHEN 'payment' THEN 'donation.paid' ELSE 'donation.refunded' END;
BEGIN
    INSERT INTO webhook_delivery (endpoint_id, kind, subject_key, donation_id, ledger_entry_id, occurred_at)
        SELECT id, told, NEW.id::text, NEW.donation_id, NEW.id, NEW.occurred_at
        FROM webhook_endpoint WHERE disabled_at IS NULL AND told = ANY (events) ORDER BY webhook_endpoint.id
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_of_money AFTER INSERT ON ledger_entry
    FOR EACH ROW WHEN (NEW.kind IN ('payment', 'refund')) EXECUTE FUNCTION tell_of_money();

CREATE FUNCTION tell_of_endings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO webhook_delivery (endpoint_id, kind, subject_key, subscription_id, occurred_at)
        SELECT id, 'subscription.ended', NEW.id::text, NEW.id, coalesce(NEW.ended_at, clock_timestamp())
        FROM webhook_endpoint WHERE disabled_at IS NULL AND 'subscription.ended' = ANY (events)
        ORDER BY webhook_endpoint.id
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_of_endings AFTER UPDATE OF state ON subscription
    FOR EACH ROW WHEN (NEW.state = 'ended' AND OLD.state <> 'ended') EXECUTE FUNCTION tell_of_endings();
"""


def upgrade() -> None:
    op.execute(TELL)


def downgrade() -> None:
    op.execute("DROP FUNCTION tell_of_money, tell_of_endings CASCADE")
