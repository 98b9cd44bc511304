-- Recompute for every gift the sums that the ledger's insert trigger maintains. Corrections are entries too.

DELETE FROM campaign_donor;
DELETE FROM progress_shard;
DELETE FROM gift_tally;
DELETE FROM matching_shard;

CREATE TEMP TABLE net_gift AS
SELECT entry.campaign_id, entry.donation_id, donation.donor_id, sum(entry.amount) AS amount, min(entry.id) AS first
FROM ledger_entry AS entry JOIN donation ON donation.id = entry.donation_id
WHERE entry.campaign_id IS NOT NULL AND entry.amount <> 0 GROUP BY 1, 2, 3;
INSERT INTO campaign_donor (campaign_id, donor_id, remaining_gifts, gave_before)
SELECT campaign_id, donor_id, count(*) FILTER (WHERE amount > 0), false FROM net_gift GROUP BY 1, 2;
ANALYZE campaign_donor;
UPDATE campaign_donor SET gave_before = true FROM (
    SELECT here.campaign_id, here.donor_id FROM (SELECT campaign_id, donor_id, min(first) AS first FROM net_gift GROUP BY 1, 2) AS here
    WHERE EXISTS (SELECT FROM net_gift AS elsewhere WHERE elsewhere.donor_id = here.donor_id AND elsewhere.amount > 0
        AND elsewhere.campaign_id <> here.campaign_id AND elsewhere.first < here.first)
) AS friend WHERE friend.campaign_id = campaign_donor.campaign_id AND friend.donor_id = campaign_donor.donor_id;

-- A donor counts in the shard of their first gift that is still positive.
INSERT INTO progress_shard (campaign_id, shard, raised, donations, donors, gave_before)
SELECT net_gift.campaign_id, donation_id % 16, sum(amount), count(*) FILTER (WHERE amount > 0),
    count(*) FILTER (WHERE turn = 1 AND amount > 0), count(*) FILTER (WHERE turn = 1 AND amount > 0 AND campaign_donor.gave_before)
FROM (SELECT *, row_number() OVER (PARTITION BY campaign_id, donor_id ORDER BY amount <= 0, first) AS turn FROM net_gift) AS net_gift
    JOIN campaign_donor USING (campaign_id, donor_id) GROUP BY 1, 2;

INSERT INTO gift_tally (campaign_id, kind, key, shard, amount, gifts, received, payments)
SELECT entry.campaign_id, tally.kind, tally.key, (entry.donation_id % 16)::smallint, sum(entry.amount), sum(entry.gifts),
    sum(entry.received), sum(entry.payments)
FROM (
    SELECT campaign_id, donation_id, occurred_at, amount,
        (so_far > 0)::integer - (so_far - amount > 0)::integer AS gifts,
        CASE WHEN kind = 'payment' THEN amount ELSE 0 END AS received, (kind = 'payment')::integer AS payments
    FROM (SELECT *, sum(amount) OVER (PARTITION BY donation_id, campaign_id ORDER BY id) AS so_far
        FROM ledger_entry WHERE campaign_id IS NOT NULL AND amount <> 0) AS running
) AS entry JOIN donation ON donation.id = entry.donation_id JOIN campaign ON campaign.id = entry.campaign_id
CROSS JOIN LATERAL (VALUES
    ('code', donation.code),
    ('frequency', donation.frequency),
    ('hour', to_char(entry.occurred_at AT TIME ZONE campaign.timezone, 'YYYY-MM-DD"T"HH24')),
    ('size', CASE WHEN donation.amount::text >= '5' THEN '5' WHEN donation.amount::text >= '2' THEN '2' ELSE '1' END
        || repeat('0', length(donation.amount::text) - 1))
) AS tally (kind, key) GROUP BY 1, 2, 3, 4;

INSERT INTO matching_shard (matching_id, shard, given)
SELECT matching.id, entry.donation_id % 16, sum(entry.amount)
FROM matching_gift AS matching JOIN ledger_entry AS payment ON payment.kind = 'payment'
        AND payment.occurred_at >= matching.starts_at AND payment.occurred_at < least(matching.ends_at, matching.ended_at)
    JOIN ledger_entry AS entry ON entry.donation_id = payment.donation_id AND entry.campaign_id = matching.campaign_id
WHERE entry.amount <> 0 GROUP BY 1, 2;
