-- Charges, refunds, disputes, fraud warnings, and the ledger entries for payments, fees and reversals, in order of time.

CREATE TEMP TABLE reversal AS
SELECT id, n, state, reversed_at, amount, fee_cover, amount + fee_cover AS charge,
    CASE state WHEN 'partially_refunded' THEN greatest(1, amount / 2) ELSE amount END AS gift_part,
    CASE state WHEN 'partially_refunded' THEN 0 ELSE fee_cover END AS cover_part, counted_in, offline,
    CASE WHEN offline THEN 'offline:' || (SELECT reference FROM offline_gift WHERE donation_id = gift.id)
        ELSE 'pi_' || pg_temp.token(n, 'pi') END AS paid_by
FROM gift WHERE succeeded AND state <> 'paid';

INSERT INTO charge (stripe_id, payment_intent_id, donation_id, amount, refunded, currency, refunded_at)
SELECT 'ch_' || pg_temp.token(n, 'ch'), paid_by, id, charge, gift_part + cover_part, 'usd', reversed_at
FROM reversal WHERE state IN ('partially_refunded', 'refunded') ORDER BY id;
INSERT INTO refund (stripe_id, request_token, donation_id, payment_intent_id, charge_id, amount, currency, state, reason,
    requested_by, created_at, ended_at)
SELECT 're_' || pg_temp.token(n, 're'), CASE WHEN ours THEN pg_temp.token(n, 'asked') END, id, paid_by,
    'ch_' || pg_temp.token(n, 'ch'), gift_part + cover_part, 'usd', 'succeeded',
    CASE WHEN ours THEN 'requested_by_customer' END, CASE WHEN ours THEN 'finance@newsroom.example' END, reversed_at, reversed_at
FROM reversal, LATERAL (SELECT pg_temp.chance(n, 80) < 0.7 AS ours) AS who
WHERE state IN ('partially_refunded', 'refunded') ORDER BY id;
INSERT INTO dispute (stripe_id, donation_id, payment_intent_id, charge_id, amount, currency, reason, status, withdrawn,
    balance_transactions, opened_at, due_by, as_of)
SELECT 'dp_' || pg_temp.token(n, 'dp'), id, paid_by, 'ch_' || pg_temp.token(n, 'ch'), charge, 'usd',
    pg_temp.pick('{fraudulent,unrecognized,product_not_received,duplicate}', pg_temp.chance(n, 81), 1.5),
    CASE state WHEN 'dispute_lost' THEN 'lost' WHEN 'disputed' THEN
        CASE WHEN pg_temp.chance(n, 82) < 0.5 THEN 'needs_response' ELSE 'under_review' END END,
    charge, jsonb_build_array(jsonb_build_object('id', 'txn_' || pg_temp.token(n, 'txn-dp'), 'amount', -charge, 'fee', 1500,
        'currency', 'usd', 'created', extract(epoch FROM reversed_at)::bigint)),
    reversed_at, reversed_at + interval '14 days', reversed_at
FROM reversal WHERE state IN ('disputed', 'dispute_lost') ORDER BY id;
INSERT INTO fraud_warning (stripe_id, donation_id, payment_intent_id, charge_id, fraud_type, actionable, created_at)
SELECT 'issfr_' || pg_temp.token(n, 'issfr'), id, 'pi_' || pg_temp.token(n, 'pi'), 'ch_' || pg_temp.token(n, 'ch'),
    'unauthorized_use_of_card', true, least(at, paid_at + interval '3 hours')
FROM gift, base WHERE state = 'paid' AND NOT offline AND pg_temp.chance(n, 83) < 0.0003 ORDER BY id;

CREATE TEMP TABLE new_entry AS
SELECT id AS donation_id, n, 'payment' AS kind, amount, fee_cover, 0::bigint AS fee, counted_in, charged_at AS occurred_at,
    CASE WHEN offline THEN 'offline:' || (SELECT reference FROM offline_gift WHERE donation_id = gift.id)
        WHEN subscription_id IS NOT NULL THEN 'in_' || pg_temp.token(n, 'in') ELSE 'pi_' || pg_temp.token(n, 'pi') END AS source,
    NULL AS balance_transaction_id, paid_at + interval '1 second' AS recorded_at
FROM gift WHERE succeeded
UNION ALL
SELECT id, n, 'fee', 0, 0, round((amount + fee_cover) * 0.029)::bigint + 30, counted_in, charged_at, 'txn_' || pg_temp.token(n, 'txn'),
    'txn_' || pg_temp.token(n, 'txn'), least(at, charged_at + interval '7 minutes')
FROM gift, base WHERE succeeded AND NOT offline
UNION ALL
SELECT id, n, CASE WHEN offline THEN 'payment_reversed' WHEN state IN ('disputed', 'dispute_lost') THEN 'dispute' ELSE 'refund' END,
    -gift_part, -cover_part, CASE WHEN state IN ('disputed', 'dispute_lost') THEN 1500 ELSE 0 END, counted_in, reversed_at,
    CASE WHEN offline THEN paid_by WHEN state IN ('disputed', 'dispute_lost') THEN 'dp_' || pg_temp.token(n, 'dp')
        ELSE 're_' || pg_temp.token(n, 're') END,
    CASE WHEN state IN ('disputed', 'dispute_lost') THEN 'txn_' || pg_temp.token(n, 'txn-dp') END,
    least(at, greatest(reversed_at, charged_at + interval '30 seconds') + interval '8 seconds')
FROM reversal JOIN gift USING (id, n, state, offline, counted_in, reversed_at, amount, fee_cover), base;

INSERT INTO ledger_entry (id, campaign_id, donation_id, kind, amount, fee_cover, fee, currency, occurred_at, recorded_at, source,
    balance_transaction_id)
SELECT base.ledger + row_number() OVER (ORDER BY recorded_at, donation_id, kind DESC), counted_in, donation_id, kind, amount,
    fee_cover, fee, 'usd', occurred_at, recorded_at, source, balance_transaction_id
FROM new_entry, base ORDER BY recorded_at, donation_id, kind DESC;

-- Stripe pays out each day's charges two days later, less fees and reversals.
CREATE TEMP TABLE settled AS
SELECT (occurred_at + interval '2 days')::date AS day, source, balance_transaction_id, kind, amount, fee, occurred_at, donation_id
FROM (
    SELECT fee.occurred_at, payment.source, fee.balance_transaction_id, 'charge' AS kind,
        payment.amount + payment.fee_cover AS amount, fee.fee, donation_id
    FROM new_entry AS fee JOIN new_entry AS payment USING (donation_id) WHERE fee.kind = 'fee' AND payment.kind = 'payment'
    UNION ALL
    SELECT occurred_at, source, coalesce(balance_transaction_id, 'txn_' || pg_temp.token(n, 'txn-re')),
        CASE kind WHEN 'dispute' THEN 'adjustment' ELSE 'refund' END, amount + fee_cover, fee,
        donation_id
    FROM new_entry WHERE kind IN ('refund', 'dispute')
) AS moved, base WHERE (occurred_at + interval '2 days')::date < at::date;
INSERT INTO payout (stripe_id, amount, currency, status, arrival_date, created_at, items_read_at, itemized)
SELECT 'po_' || pg_temp.token((SELECT donation FROM base), 'po' || day), sum(amount - fee), 'usd', 'paid', day,
    day - interval '1 day', day + interval '9 hours', true FROM settled GROUP BY day ORDER BY day;
INSERT INTO payout_item (payout_id, balance_transaction_id, kind, source, amount, fee, net, currency, created_at,
    donation_id)
SELECT payout.id, balance_transaction_id, kind, source, settled.amount, fee, settled.amount - fee, 'usd', occurred_at,
    donation_id
FROM settled JOIN payout ON payout.stripe_id = 'po_' || pg_temp.token((SELECT donation FROM base), 'po' || day)
ORDER BY payout.id, occurred_at;
