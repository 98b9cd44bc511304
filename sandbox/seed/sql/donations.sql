-- Donors, donations in order of time, and the recurring gifts.

CREATE TEMP TABLE gift AS
SELECT base.donation + row_number() OVER (ORDER BY created_at, draft.n) AS id, draft.*,
    seed_campaign.id AS campaign_id, person.id AS donor_id, person.name, person.email, person.locale,
    CASE WHEN draft.parent IS NULL THEN own.id ELSE parents.id END AS subscription_id,
    CASE
        WHEN charged_at < seed_campaign.deadline THEN seed_campaign.id
        ELSE (SELECT other.id FROM seed_campaign AS other
            WHERE charged_at >= other.starts_at AND charged_at < other.deadline LIMIT 1)
    END AS counted_in,
    charged_at + CASE WHEN offline THEN interval '0' ELSE interval '4 seconds' END AS paid_at,
    state NOT IN ('pending', 'declined', 'expired', 'processing', 'failed') OR (offline AND state = 'failed') AS succeeded,
    CASE WHEN offline THEN (coupons)[1 + floor(cardinality(coupons) * pg_temp.chance(coalesce(parent, draft.n), 60))]
        WHEN pg_temp.chance(coalesce(parent, draft.n), 61) < 0.34 THEN ''
        ELSE pg_temp.pick(codes, pg_temp.chance(coalesce(parent, draft.n), 62), 1.7) END AS code
FROM base, draft JOIN seed_campaign USING (ordinal) JOIN person ON person.n = donor_number
    LEFT JOIN recurring_gift AS own ON own.n = draft.n LEFT JOIN recurring_gift AS parents ON parents.n = draft.parent;
CREATE UNIQUE INDEX ON gift (id);
ANALYZE gift;

-- When a gift was refunded, disputed or returned: after the charge and before now.
ALTER TABLE gift ADD COLUMN reversed_at timestamptz;
UPDATE gift SET reversed_at = greatest(charged_at + interval '1 minute', least(at - interval '2 minutes',
    charged_at + interval '1 hour' + interval '10 days' * pg_temp.chance(n, 63)))
FROM base WHERE state IN ('partially_refunded', 'refunded', 'disputed', 'dispute_lost') OR (offline AND state = 'failed');

INSERT INTO donor (id, email, name, address, locale, created_at)
SELECT person.id, person.email, person.name, address, person.locale, first.created_at
FROM person JOIN (SELECT donor_id, min(created_at) AS created_at FROM gift GROUP BY donor_id) AS first
    ON first.donor_id = person.id
ORDER BY person.id;

INSERT INTO subscription (id, stripe_id, token, campaign_id, donor_id, frequency, amount, fee_cover, currency, state, status,
    customer_id, current_period_end, ended_at, end_reason, failed_invoice_id, failed_at, as_of, created_at)
SELECT recurring_gift.id, 'sub_' || pg_temp.token(recurring_gift.n, 'sub'), left(pg_temp.token(recurring_gift.n, 'monthly'), 20), gift.campaign_id, donor_id,
    recurring_gift.frequency, recurring_gift.amount, recurring_gift.fee_cover, 'usd', new_state,
    CASE new_state WHEN 'ended' THEN 'canceled' ELSE new_state END, 'cus_' || pg_temp.token(recurring_gift.n, 'cus'), next_at,
    CASE new_state WHEN 'ended' THEN least(at, next_at) END,
    CASE new_state WHEN 'ended' THEN 'cancellation_requested' END,
    CASE new_state WHEN 'past_due' THEN 'in_' || pg_temp.token(recurring_gift.n, 'unpaid') END,
    CASE new_state WHEN 'past_due' THEN at - interval '1 day' END, gift.charged_at, gift.charged_at
FROM base, recurring_gift JOIN gift ON gift.n = recurring_gift.n,
    LATERAL (SELECT CASE WHEN kept < elapsed THEN 'ended' WHEN pg_temp.chance(recurring_gift.n, 64) < 0.03 THEN 'past_due'
        ELSE 'active' END AS new_state,
        started_at + (kept + 1) * CASE recurring_gift.frequency WHEN 'yearly' THEN interval '1 year' ELSE interval '1 month' END
            AS next_at) AS status_now
ORDER BY recurring_gift.id;

INSERT INTO donation (id, public_id, token, campaign_id, donor_id, subscription_id, attempt, frequency, amount, fee_cover,
    currency, state, state_reason, email, name, locale, anonymous, comment, tribute_kind, tribute_name, code, session_id,
    session_url, payment_intent_id, invoice_id, created_at, charged_at, paid_at, returned_at)
SELECT id, 'don_' || left(pg_temp.token(n, 'don'), 20), left(pg_temp.token(n, 'page'), 20), campaign_id, donor_id, subscription_id,
    'seed:' || n, frequency, amount, fee_cover, 'usd', state,
    CASE state WHEN 'declined' THEN 'Your card was declined.' WHEN 'expired' THEN 'the session expired without a payment'
        WHEN 'processing' THEN 'a bank debit is processing'
        WHEN 'failed' THEN CASE WHEN offline THEN 'the bank returned it unpaid' ELSE 'the bank declined the debit' END END,
    email, name, locale, offline OR pg_temp.chance(coalesce(parent, n), 70) < 0.12,
    CASE WHEN parent IS NULL AND NOT offline AND pg_temp.chance(n, 71) < 0.06
        THEN pg_temp.pick(:comments::text[], pg_temp.chance(n, 72), 1) ELSE '' END,
    CASE WHEN parent IS NULL AND pg_temp.chance(n, 73) < 0.01 THEN 'memory' ELSE '' END,
    CASE WHEN parent IS NULL AND pg_temp.chance(n, 73) < 0.01
        THEN pg_temp.pick(:last_names::text[], pg_temp.chance(n, 74), 1) ELSE '' END,
    coalesce(code, ''),
    CASE WHEN parent IS NULL AND NOT offline THEN 'cs_test_' || pg_temp.token(n, 'cs') END, NULL,
    CASE WHEN NOT offline AND (succeeded OR state IN ('declined', 'processing', 'failed'))
        THEN 'pi_' || pg_temp.token(n, 'pi') END,
    CASE WHEN subscription_id IS NOT NULL THEN 'in_' || pg_temp.token(n, 'in') END,
    created_at, CASE WHEN succeeded OR state = 'processing' THEN charged_at END, CASE WHEN succeeded THEN paid_at END,
    CASE WHEN state = 'failed' THEN coalesce(reversed_at, charged_at) END
FROM gift;

-- Checks and cash, with the weekly deposits that they belong to.
INSERT INTO deposit_batch (name, currency, opened_by, opened_at, closed_by, closed_at, deposited_on, bank_reference)
SELECT 'Deposit ' || day::date || coalesce(' ' || nullif((SELECT donation FROM base), 0), ''), 'usd', 'finance@newsroom.example',
    day + interval '17 hours', 'finance@newsroom.example', day + interval '20 hours', day::date, 'slip ' || to_char(day, 'YYMMDD')
FROM (SELECT DISTINCT date_trunc('week', charged_at) + interval '4 days' AS day FROM gift WHERE offline AND succeeded) AS weeks, base
WHERE day + interval '20 hours' <= at;
INSERT INTO offline_gift (donation_id, kind, reference, received_on, postmarked_on, batch_id, entered_by, reversed_on,
    reversal_reason, created_at)
SELECT gift.id, CASE WHEN cash THEN 'cash' ELSE 'cheque' END, reference, (charged_at AT TIME ZONE zone)::date,
    CASE WHEN cash THEN NULL ELSE (charged_at AT TIME ZONE zone)::date END, batch.id, 'finance@newsroom.example',
    CASE state WHEN 'failed' THEN (reversed_at AT TIME ZONE zone)::date END, CASE state WHEN 'failed' THEN 'bounced' END,
    gift.paid_at
FROM base, gift LEFT JOIN deposit_batch AS batch ON batch.deposited_on = (date_trunc('week', charged_at) + interval '4 days')::date
        AND batch.name = 'Deposit ' || (date_trunc('week', charged_at) + interval '4 days')::date
            || coalesce(' ' || nullif((SELECT donation FROM base), 0), ''),
    LATERAL (SELECT state = 'paid' AND pg_temp.chance(n, 75) < 0.1 AS cash) AS kinds,
    LATERAL (SELECT CASE WHEN cash THEN 'cash ' || (charged_at AT TIME ZONE zone)::date || ' ' || upper(left(pg_temp.token(n, 'cash'), 8))
        ELSE 'check ' || 1000 + floor(9000 * pg_temp.chance(n, 76)) || ' ' || n END AS reference) AS named
WHERE offline AND succeeded ORDER BY gift.id;
