-- Amount and time of each gift, one row each, before donors are assigned. `n` only feeds the random draws.

CREATE TEMP TABLE draft AS
SELECT n, NULL::bigint AS parent, donor_number, ordinal, offline, frequency, amount,
    CASE WHEN NOT offline AND pg_temp.chance(n, 30) < 0.33
        THEN round((amount + 30) / 0.971)::bigint - amount ELSE 0 END AS fee_cover,
    least(greatest(moment, starts_at + interval '1 minute' * (1 + 60 * pg_temp.chance(n, 31))),
        until - interval '10 minutes' - interval '3 hours' * pg_temp.chance(n, 32)
            * (moment >= until - interval '10 minutes')::integer) AS created_at,
    until, deadline
FROM (
    SELECT base.donation + number AS n, who.n AS donor_number, ordinal, starts_at, deadline, until, offline,
        CASE WHEN offline OR drawn >= 0.07 OR number > base.first_gifts THEN 'one_time' WHEN drawn < 0.06 THEN 'monthly' ELSE 'yearly' END
            AS frequency,
        CASE
            WHEN drawn < 0.06 AND NOT offline THEN (ARRAY[500, 1000, 1500, 2500, 5000])[1 + floor(5 * power(size, 1.5))]
            WHEN size < 0.965 THEN (ARRAY[2500, 5000, 1000, 10000, 500, 25000])[
                1 + width_bucket(size, ARRAY[0.26, 0.46, 0.66, 0.81, 0.90])]
            WHEN size < 0.985 THEN 100 + floor(12000 * pg_temp.chance(base.donation + number, 21))
            WHEN size < 0.9985 THEN (ARRAY[50000, 100000, 3600, 1800])[
                1 + floor(4 * pg_temp.chance(base.donation + number, 22))]
            ELSE 250000 * (1 + floor(4 * pg_temp.chance(base.donation + number, 23)))
        END::bigint AS amount,
        (day + hour * interval '1 hour' + pg_temp.chance(base.donation + number, 24) * interval '1 hour')
            AT TIME ZONE seed_campaign.zone AS moment
    FROM base CROSS JOIN generate_series(1, base.gifts) AS number
    -- Everyone gives once. The other gifts come from a few people who give often.
    JOIN person AS who ON who.n = CASE WHEN number <= base.people THEN number
        ELSE 1 + floor(base.people * power(pg_temp.chance(base.donation + number, 10), 2)) END
    JOIN seed_campaign ON pg_temp.chance(base.donation + number, 11) >= low
        AND pg_temp.chance(base.donation + number, 11) < high
    CROSS JOIN LATERAL (
        SELECT who.by_mail OR pg_temp.chance(base.donation + number, 12) < 0.004 AS offline,
            pg_temp.chance(base.donation + number, 13) AS drawn, pg_temp.chance(base.donation + number, 14) AS size,
            deadline - starts_at AS length, pg_temp.chance(base.donation + number, 15) AS kind,
            pg_temp.chance(base.donation + number, 16) AS along,
            width_bucket(pg_temp.chance(base.donation + number, 17), :hours::double precision[]) AS hour
    ) AS chances
    -- The first days, the last days, the days with a campaign email, and all the others.
    CROSS JOIN LATERAL (SELECT CASE
        WHEN kind < 0.16 THEN interval '2.5 days' * along * along
        WHEN kind < 0.42 THEN length - interval '3 days' * power(along, 1.4)
        WHEN kind < 0.66 THEN length
            - (ARRAY[9, 7, 3, 2])[1 + floor(4 * pg_temp.chance(base.donation + number, 18))] * interval '1 day'
            + interval '30 hours' * along * along
        ELSE length * along END AS passed) AS placed
    -- Move gifts that would lie in the future to another day.
    CROSS JOIN LATERAL (SELECT date_trunc('day', (starts_at + CASE WHEN starts_at + passed < until THEN passed
        ELSE (until - starts_at) * pg_temp.chance(base.donation + number, 19) END) AT TIME ZONE seed_campaign.zone) AS day
    ) AS dated
) AS drawn_gift;

ALTER TABLE draft ADD COLUMN charged_at timestamptz, ADD COLUMN state text, ADD COLUMN counted bigint;
CREATE INDEX ON draft (n);
ANALYZE draft;

-- Paid recurring gifts renew, most of them for a long time. Renewals are at most an eighth of all gifts.
CREATE TEMP TABLE recurring_gift AS
SELECT n, ordinal, donor_number, frequency, amount, fee_cover, started_at, elapsed, kept,
    (SELECT subscription FROM base) + row_number() OVER (ORDER BY started_at, n) AS id
FROM (
    SELECT *, least(elapsed, floor(-ln(1 - pg_temp.chance(n, 41)) / 0.06)::integer) AS kept
    FROM (SELECT n, ordinal, donor_number, frequency, amount, fee_cover, created_at + interval '90 seconds' AS started_at,
            CASE frequency WHEN 'yearly' THEN extract(year FROM age(at, created_at + interval '90 seconds'))
                ELSE 12 * extract(year FROM age(at, created_at + interval '90 seconds'))
                    + extract(month FROM age(at, created_at + interval '90 seconds')) END::integer AS elapsed
        FROM draft, base WHERE frequency <> 'one_time' AND n <= base.donation + base.first_gifts
            AND pg_temp.chance(n, 50) < 0.93) AS paid
) AS continuing;
CREATE UNIQUE INDEX ON recurring_gift (n);

CREATE TEMP TABLE renewal AS
SELECT (SELECT donation + gifts FROM base) + row_number() OVER (ORDER BY recurring_gift.n, turn) AS n, recurring_gift.n AS parent, turn,
    started_at + turn * CASE frequency WHEN 'yearly' THEN interval '1 year' ELSE interval '1 month' END AS charged_at
FROM base, recurring_gift CROSS JOIN LATERAL generate_series(1, kept) AS turn
WHERE started_at + turn * interval '1 month' <= at - interval '10 minutes'
ORDER BY recurring_gift.n, turn LIMIT (SELECT gifts - first_gifts FROM base);
UPDATE recurring_gift SET kept = done.turns FROM (
    SELECT recurring_gift.n, count(renewal.n) AS turns FROM recurring_gift LEFT JOIN renewal ON renewal.parent = recurring_gift.n
    GROUP BY recurring_gift.n) AS done WHERE done.n = recurring_gift.n AND done.turns <> kept;

DELETE FROM draft WHERE n > (SELECT base.donation + gifts - (SELECT count(*) FROM renewal) FROM base);
DELETE FROM recurring_gift WHERE NOT EXISTS (SELECT FROM draft WHERE draft.n = recurring_gift.n);
INSERT INTO draft (n, parent, donor_number, ordinal, offline, frequency, amount, fee_cover, created_at, charged_at)
SELECT (SELECT max(n) FROM draft) + row_number() OVER (ORDER BY renewal.n), parent, donor_number, ordinal, false, frequency, amount, fee_cover,
    renewal.charged_at, renewal.charged_at
FROM renewal JOIN recurring_gift ON recurring_gift.n = parent;

-- Renewals reuse the numbers that were deleted, so that the next seeding draws new ones.

-- The outcome of each gift. A paid one-time gift may be refunded or disputed; a checkout may never be paid.
UPDATE draft SET
    charged_at = coalesce(draft.charged_at, created_at + interval '90 seconds'),
    state = CASE
        WHEN parent IS NOT NULL THEN 'paid'
        WHEN offline THEN CASE WHEN pg_temp.chance(draft.n, 51) < 0.01 AND created_at < at - interval '15 days' THEN 'failed' ELSE 'paid' END
        WHEN pg_temp.chance(draft.n, 50) < 0.93 AND frequency <> 'one_time' THEN 'paid'
        WHEN pg_temp.chance(draft.n, 50) < 0.93 THEN CASE
            WHEN pg_temp.chance(draft.n, 51) < 0.003 THEN 'partially_refunded'
            WHEN pg_temp.chance(draft.n, 51) < 0.007 THEN 'refunded'
            WHEN pg_temp.chance(draft.n, 51) < 0.0074 THEN CASE WHEN created_at > at - interval '90 days' THEN 'disputed' ELSE 'dispute_lost' END
            WHEN pg_temp.chance(draft.n, 51) < 0.008 THEN CASE WHEN created_at > at - interval '20 days' THEN 'paid' ELSE 'dispute_lost' END
            WHEN pg_temp.chance(draft.n, 51) < 0.030 AND created_at > at - interval '4 days' AND draft.deadline > at THEN 'processing'
            ELSE 'paid' END
        WHEN pg_temp.chance(draft.n, 50) < 0.96 THEN 'expired'
        WHEN pg_temp.chance(draft.n, 50) < 0.982 THEN 'declined'
        WHEN pg_temp.chance(draft.n, 50) < 0.99 THEN 'failed'
        WHEN created_at > at - interval '1 day' THEN 'pending'
        ELSE 'expired' END
FROM base;
