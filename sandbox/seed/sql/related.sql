-- Everything that surrounds the gifts: subscribers and the emails they received, visits by code, sponsors, staff
-- with their activity and notes, and merged donors.

INSERT INTO subscriber (email, name, locale, consent_source, consent_wording, consent_at, created_at)
SELECT email, name, locale, 'appeal form', 'Write to me about later campaigns', at - interval '400 days' * drawn,
    at - interval '400 days' * drawn
FROM (SELECT email, name, locale, pg_temp.chance(id, 100) AS drawn FROM person WHERE NOT by_mail AND pg_temp.chance(id, 101) < 0.03
    UNION ALL
    SELECT 'reader' || donation + n || '@example.org', '', 'en', pg_temp.chance(donation + n, 102)
    FROM base, generate_series(1, gifts / 50) AS n) AS readers, base
ON CONFLICT DO NOTHING;
INSERT INTO suppression (email, reason, created_at)
SELECT lower(email), CASE WHEN pg_temp.chance(id, 103) < 0.03 THEN 'unsubscribed' ELSE 'bounced' END, consent_at
FROM subscriber WHERE pg_temp.chance(id, 103) < 0.04 ON CONFLICT DO NOTHING;

INSERT INTO outbox_message (kind, subject_key, campaign_id, step_id, recipient, name, locale, bulk, message_id, token, state,
    attempts, next_attempt_at, expires_at, last_error, created_at, begun_at, sent_at)
SELECT 'appeal', step_id || ':' || lower(email), campaign_id, step_id, email, name, locale, true,
    '<appeal-' || pg_temp.token(subscriber.id, 'appeal' || step_id) || '@' || :mail_domain || '>',
    left(pg_temp.token(subscriber.id, 'step' || step_id), 20), what, 1, due, closes,
    CASE what WHEN 'dropped' THEN 'they have given to this campaign' WHEN 'failed' THEN '550 5.1.1 No such user here' END,
    due, CASE what WHEN 'sent' THEN due + interval '20 minutes' * drawn END, CASE what WHEN 'sent' THEN due + interval '20 minutes' * drawn END
FROM base, seed_step JOIN subscriber ON consent_at < due,
    LATERAL (SELECT pg_temp.chance(subscriber.id, 1000 + step_id::integer) AS drawn) AS chances,
    LATERAL (SELECT CASE WHEN drawn < 0.004 THEN 'failed' WHEN drawn < 0.05 THEN 'dropped' ELSE 'sent' END AS what) AS outcome
WHERE due < at - interval '1 hour' AND NOT EXISTS (SELECT FROM outbox_message AS known
    WHERE known.step_id = seed_step.step_id AND lower(known.recipient) = lower(subscriber.email));

INSERT INTO code_visit (campaign_id, code, day, visits)
SELECT campaign_id, code, (created_at AT TIME ZONE base.zone)::date, 12 * count(*) + floor(40 * pg_temp.chance(min(id), 110))
FROM gift, base WHERE code <> '' AND parent IS NULL AND NOT offline GROUP BY 1, 2, 3
ON CONFLICT (campaign_id, code, day) DO UPDATE SET visits = code_visit.visits + EXCLUDED.visits;

INSERT INTO matching_gift (campaign_id, sponsor, pool, ratio_percent, starts_at, ends_at, created_by, created_at)
SELECT id, CASE WHEN deadline > at THEN 'The Cannery Row Fund' ELSE 'A reader in Astoria' END, greatest(500000, goal / 10 / 100 * 100), 100,
    CASE WHEN deadline > at THEN at - interval '3 days' ELSE deadline - interval '2 days' END,
    CASE WHEN deadline > at THEN at + interval '2 days' ELSE deadline END, 'admin@newsroom.example', starts_at
FROM seed_campaign, base WHERE NOT EXISTS (SELECT FROM matching_gift WHERE campaign_id = seed_campaign.id);

INSERT INTO staff_member (email, name, role, fs_uniquifier)
SELECT role || '@newsroom.example', name, role, pg_temp.token(0, role)
FROM (VALUES ('viewer', 'Noor Haddad'), ('finance', 'Tomas Iversen'), ('admin', 'Ruth Calloway')) AS people (role, name)
ON CONFLICT DO NOTHING;

INSERT INTO note (donor_id, text, written_by, written_at)
SELECT id, pg_temp.pick('{"Asked to be called by her first name.","Moved; the address was corrected.","Prefers printed mail.","Asked what the money pays for; sent the report."}',
    pg_temp.chance(id, 120), 1), 'finance@newsroom.example', at - interval '200 days' * pg_temp.chance(id, 121)
FROM person, base WHERE pg_temp.chance(id, 122) < 0.002 ORDER BY id;

UPDATE donor SET merged_into_id = donor.id - 1, name = (SELECT name FROM donor AS kept WHERE kept.id = donor.id - 1)
FROM person WHERE donor.id = person.id AND person.n % 1000 = 500;
INSERT INTO donor_merge (kept_id, merged_id, merged_by, merged_at)
SELECT id - 1, id, 'finance@newsroom.example', at - interval '30 days' * pg_temp.chance(id, 123)
FROM person, base WHERE n % 1000 = 500 ORDER BY id;

INSERT INTO audit_entry (at, staff_id, actor, action, subject_kind, subject_key, campaign_id, before, after)
SELECT moment, staff_member.id, staff_member.email, action, kind, key, campaign_id, before, after
FROM (
    SELECT refund.created_at AS moment, 'finance' AS role, 'donation.refunded' AS action, 'donation' AS kind, public_id AS key,
        campaign_id, jsonb_build_object('state', 'paid') AS before,
        jsonb_build_object('state', donation.state, 'amount', refund.amount, 'reason', refund.reason) AS after
    FROM refund JOIN donation ON donation.id = refund.donation_id WHERE requested_by IS NOT NULL AND donation.id > (SELECT base.donation FROM base)
    UNION ALL
    SELECT offline_gift.created_at, 'finance', 'offline_gift.entered', 'donation', public_id, campaign_id, '{}',
        jsonb_build_object('reference', reference, 'amount', amount)
    FROM offline_gift JOIN donation ON donation.id = donation_id WHERE donation.id > (SELECT base.donation FROM base)
    UNION ALL
    SELECT merged_at, 'finance', 'donor.merged', 'donor', kept_id::text, NULL, '{}', jsonb_build_object('merged', merged_id)
    FROM donor_merge WHERE merged_id > (SELECT base.donor FROM base)
    UNION ALL
    SELECT written_at, 'finance', 'note.written', 'donor', donor_id::text, NULL, '{}', jsonb_build_object('text', text)
    FROM note WHERE donor_id > (SELECT base.donor FROM base)
    UNION ALL
    SELECT at - n * interval '9 hours', pg_temp.pick('{finance,admin}', pg_temp.chance(donation + n, 130), 1), 'export.created', 'export',
        pg_temp.pick('{donations,ledger,receipts,donors}', pg_temp.chance(donation + n, 131), 1.5), NULL, '{}', '{"format": "csv"}'
    FROM base, generate_series(1, 200) AS n
    UNION ALL
    SELECT at, 'admin', 'campaign.seeded', 'campaign', slug, id, '{}', jsonb_build_object('gifts', gifts, 'seed', :seed)
    FROM seed_campaign, base WHERE ordinal = 0
) AS done JOIN staff_member ON lower(staff_member.email) = done.role || '@newsroom.example'
WHERE moment <= (SELECT at FROM base) ORDER BY moment, key;
