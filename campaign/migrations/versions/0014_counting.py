"""The ledger's insert trigger counts by hour, size, code and frequency, and for sponsors.

Locks: the ledger and its sums, while what stands is counted once (a minute at a million entries).
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# The shard's row of the campaign is written first and held until the commit, so that two transactions never wait for
# each other in the rows of one shard. A band of sizes is 1, 2 or 5 and noughts: the lower edge, in minor units.
# Whatever becomes of a gift is matched by the moment of its payment. A matching gift is made and ended under a lock of
# the campaign's row that each entry waits for before this runs (guard_entry, and the foreign key's own trigger, whose
# name sorts before count_entry), so none is missed and none counts twice.
COUNT_ENTRY = """
CREATE OR REPLACE FUNCTION count_ledger_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
    gifts integer;
    standing_now bigint;
    people integer := 0;
    old_friends integer := 0;
    was_known boolean;
    gift record;
    charged timestamptz;
    part integer := NEW.donation_id % 16;
    came bigint := CASE WHEN NEW.kind = 'payment' THEN NEW.amount ELSE 0 END;
    payments integer := (NEW.kind = 'payment')::integer;
BEGIN
    IF NEW.campaign_id IS NULL OR NEW.amount = 0 THEN
        RETURN NULL;
    END IF;
    SELECT donor_id, amount, frequency, code INTO gift FROM donation WHERE id = NEW.donation_id FOR NO KEY UPDATE;
    SELECT coalesce(sum(amount) FILTER (WHERE campaign_id = NEW.campaign_id), 0),
        min(occurred_at) FILTER (WHERE kind = 'payment') INTO before, charged
        FROM ledger_entry WHERE donation_id = NEW.donation_id AND id <> NEW.id;
    charged := CASE WHEN NEW.kind = 'payment' THEN NEW.occurred_at ELSE charged END;
    gifts := (before + NEW.amount > 0)::integer - (before > 0)::integer;
    IF gifts <> 0 THEN
        INSERT INTO campaign_donor AS kept (campaign_id, donor_id, standing, gave_before)
            VALUES (NEW.campaign_id, gift.donor_id, gifts, EXISTS (
                SELECT FROM campaign_donor AS elsewhere WHERE elsewhere.donor_id = gift.donor_id
                AND elsewhere.campaign_id <> NEW.campaign_id AND elsewhere.standing > 0))
            ON CONFLICT (campaign_id, donor_id) DO UPDATE SET standing = kept.standing + EXCLUDED.standing
            RETURNING standing, kept.gave_before INTO standing_now, was_known;
        people := (standing_now > 0)::integer - (standing_now - gifts > 0)::integer;
        old_friends := people * was_known::integer;
    END IF;
    INSERT INTO progress_shard AS kept (campaign_id, shard, raised, donations, donors, gave_before)
        VALUES (NEW.campaign_id, part, NEW.amount, gifts, people, old_friends)
        ON CONFLICT (campaign_id, shard) DO UPDATE SET
            raised = kept.raised + EXCLUDED.raised,
            donations = kept.donations + EXCLUDED.donations,
            donors = kept.donors + EXCLUDED.donors,
            gave_before = kept.gave_before + EXCLUDED.gave_before;
    INSERT INTO gift_tally AS kept (campaign_id, kind, key, shard, amount, gifts, received, payments)
        SELECT NEW.campaign_id, tally.kind, tally.key, part, NEW.amount, gifts, came, payments
        FROM (VALUES
            ('code', gift.code),
            ('frequency', gift.frequency),
            ('hour', (SELECT to_char(NEW.occurred_at AT TIME ZONE timezone, 'YYYY-MM-DD"T"HH24')
                FROM campaign WHERE id = NEW.campaign_id)),
            ('size', CASE WHEN gift.amount::text >= '5' THEN '5' WHEN gift.amount::text >= '2' THEN '2' ELSE '1' END
                || repeat('0', length(gift.amount::text) - 1))
        ) AS tally (kind, key)
        ON CONFLICT (campaign_id, kind, key, shard) DO UPDATE SET
            amount = kept.amount + EXCLUDED.amount,
            gifts = kept.gifts + EXCLUDED.gifts,
            received = kept.received + EXCLUDED.received,
            payments = kept.payments + EXCLUDED.payments;
    INSERT INTO matching_shard AS kept (matching_id, shard, given)
        SELECT id, part, NEW.amount FROM matching_gift
        WHERE campaign_id = NEW.campaign_id AND starts_at <= charged AND least(ends_at, ended_at) > charged
        ORDER BY id
        ON CONFLICT (matching_id, shard) DO UPDATE SET given = kept.given + EXCLUDED.given;
    PERFORM pg_notify('progress', NEW.campaign_id::text);
    RETURN NULL;
END $$;
"""

# As revision 0006 had it.
COUNT_WITHOUT_TALLIES = """
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

# What stands already, counted once: per donation first, so that its standing is known.
FILL = """
LOCK TABLE ledger_entry IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO gift_tally (campaign_id, kind, key, shard, amount, gifts, received, payments)
SELECT entry.campaign_id, tally.kind, tally.key, (entry.donation_id % 16)::smallint, sum(entry.amount),
    sum(entry.gifts), sum(entry.came), sum(entry.payments)
FROM (
    SELECT campaign_id, donation_id, occurred_at, amount,
        (standing > 0)::integer - (standing - amount > 0)::integer AS gifts,
        CASE WHEN kind = 'payment' THEN amount ELSE 0 END AS came, (kind = 'payment')::integer AS payments
    FROM (SELECT *, sum(amount) OVER (PARTITION BY donation_id, campaign_id ORDER BY id) AS standing
        FROM ledger_entry WHERE campaign_id IS NOT NULL AND amount <> 0) AS running
) AS entry
JOIN donation ON donation.id = entry.donation_id
JOIN campaign ON campaign.id = entry.campaign_id
CROSS JOIN LATERAL (VALUES
    ('code', donation.code),
    ('frequency', donation.frequency),
    ('hour', to_char(entry.occurred_at AT TIME ZONE campaign.timezone, 'YYYY-MM-DD"T"HH24')),
    ('size', CASE WHEN donation.amount::text >= '5' THEN '5' WHEN donation.amount::text >= '2' THEN '2' ELSE '1' END
        || repeat('0', length(donation.amount::text) - 1))
) AS tally (kind, key)
GROUP BY 1, 2, 3, 4;
UPDATE campaign_donor SET gave_before = true WHERE EXISTS (
    SELECT FROM campaign_donor AS elsewhere JOIN campaign ON campaign.id = elsewhere.campaign_id
    JOIN campaign AS this ON this.id = campaign_donor.campaign_id
    WHERE elsewhere.donor_id = campaign_donor.donor_id AND elsewhere.standing > 0
    AND campaign.starts_at < this.starts_at);
UPDATE progress_shard SET gave_before = counted.people FROM (
    SELECT campaign_id, count(*) AS people FROM campaign_donor WHERE gave_before AND standing > 0 GROUP BY campaign_id
) AS counted WHERE counted.campaign_id = progress_shard.campaign_id AND progress_shard.shard = (
    SELECT min(shard) FROM progress_shard AS first WHERE first.campaign_id = counted.campaign_id);
"""


def upgrade() -> None:
    op.execute(FILL)
    op.execute(COUNT_ENTRY)
    op.create_index("ix_ledger_entry_occurred_at", "ledger_entry", ["occurred_at"])
    op.create_index(
        "ix_ledger_entry_uncounted",
        "ledger_entry",
        ["id"],
        postgresql_where=sa.text(
            "campaign_id IS NULL AND kind NOT IN ('payment', 'fee', 'correction')"
        ),
    )


def downgrade() -> None:
    op.drop_index("ix_ledger_entry_uncounted", table_name="ledger_entry")
    op.drop_index("ix_ledger_entry_occurred_at", table_name="ledger_entry")
    op.execute(COUNT_WITHOUT_TALLIES)
