-- Receipts with their text, numbered in the order of issue without gaps in each year, and the emails that delivered them.

CREATE TEMP TABLE issue AS
SELECT base.receipt + row_number() OVER issued AS id,
    coalesce((SELECT last FROM receipt_counter WHERE receipt_counter.year = pending.year), 0)
        + row_number() OVER (PARTITION BY pending.year ORDER BY issued_at, donation_id, kind DESC) AS sequence, pending.*
FROM base, (
    SELECT extract(year FROM moment AT TIME ZONE zone)::integer AS year, moment AS issued_at, donation_id, kind, amount
    FROM base, (
        SELECT paid_at AS moment, id AS donation_id, 'receipt' AS kind, amount + fee_cover AS amount FROM gift WHERE succeeded
        UNION ALL
        SELECT reversed_at, id, CASE WHEN charge > gift_part + cover_part THEN 'corrected' ELSE 'void' END,
            charge - gift_part - cover_part FROM reversal WHERE state <> 'disputed'
    ) AS issued
) AS pending
WINDOW issued AS (ORDER BY issued_at, donation_id, kind DESC);
CREATE INDEX ON issue (donation_id);
ANALYZE issue;

-- `shared` is the part that all receipts of one kind have in common. The rows of `issue` are already in order.
INSERT INTO receipt (id, year, sequence, token, donation_id, campaign_id, kind, replaces_id, amount, currency, gift_date, issued_at,
    mailed_at, frozen)
SELECT issue.id, issue.year, issue.sequence, left(pg_temp.token(gift.n, 'receipt' || issue.kind), 20), gift.id, gift.campaign_id,
    issue.kind, before.id, issue.amount, 'usd', (gift.charged_at AT TIME ZONE base.zone)::date, issue.issued_at,
    CASE WHEN gift.email = '' THEN least(at, issue.issued_at + interval '1 day') END,
    texts.shared || jsonb_build_object(
        'donor_name', gift.name, 'donor_email', gift.email, 'amount_text', left_text, 'gift_date_text', given_on.text,
        'issued_text', issued_on.text, 'campaign_title', seed_campaign.title, 'replaces', replaced,
        'frequency_text', texts.frequencies ->> gift.frequency,
        'wording', jsonb_build_array(
            replace(replace(replace(texts.wording ->> 0, '{given}', given_text), '{date}', given_on.text), '{left}', left_text),
            replace(texts.wording ->> 1, '{number}', replaced)) || (texts.wording - 0 - 0))
FROM base CROSS JOIN issue JOIN gift ON gift.id = issue.donation_id
    JOIN seed_campaign ON seed_campaign.id = gift.campaign_id
    JOIN seed_receipt_text AS texts ON texts.locale = gift.locale AND texts.kind = CASE
        WHEN issue.kind = 'void' AND offline THEN 'bounced' ELSE issue.kind END
    LEFT JOIN issue AS before ON issue.kind <> 'receipt' AND before.donation_id = issue.donation_id AND before.kind = 'receipt'
    JOIN seed_day AS given_on ON given_on.locale = gift.locale AND given_on.day = (gift.charged_at AT TIME ZONE base.zone)::date
    JOIN seed_day AS issued_on ON issued_on.locale = gift.locale AND issued_on.day = (issue.issued_at AT TIME ZONE base.zone)::date,
    LATERAL (SELECT coalesce(before.year || '-' || lpad(before.sequence::text, 6, '0'), '') AS replaced,
        '$' || to_char(issue.amount / 100, 'FM999,999,999') || CASE WHEN issue.amount % 100 > 0
            THEN '.' || lpad((issue.amount % 100)::text, 2, '0') ELSE '' END AS left_text,
        '$' || to_char((gift.amount + fee_cover) / 100, 'FM999,999,999') || CASE WHEN (gift.amount + fee_cover) % 100 > 0
            THEN '.' || lpad(((gift.amount + fee_cover) % 100)::text, 2, '0') ELSE '' END AS given_text) AS written;

INSERT INTO receipt_counter (year, last) SELECT year, max(sequence) FROM issue GROUP BY year
    ON CONFLICT (year) DO UPDATE SET last = EXCLUDED.last;

INSERT INTO outbox_message (kind, subject_key, receipt_id, recipient, locale, token, message_id, state, attempts,
    next_attempt_at, last_error, created_at, sent_at)
SELECT 'receipt', number, issue.id, gift.email, gift.locale, left(pg_temp.token(issue.id, 'email'), 20),
    '<receipt-' || number || '-' || left(left(pg_temp.token(gift.n, 'receipt' || issue.kind), 20), 8) || '@' || :mail_domain || '>',
    CASE WHEN refused THEN 'failed' ELSE 'sent' END, 1, issued_at,
    CASE WHEN refused THEN '550 5.1.1 No such user here' END, issued_at, CASE WHEN NOT refused THEN issued_at + interval '6 seconds' END
FROM issue JOIN gift ON gift.id = donation_id,
    LATERAL (SELECT issue.year || '-' || lpad(issue.sequence::text, 6, '0') AS number,
        pg_temp.chance(issue.id, 90) < 0.002 AS refused) AS delivery
WHERE gift.email <> '';
