-- A final result is the sum of the campaign's entries, without corrections.
UPDATE campaign SET finalized_at = coalesce(finalized_at, campaign.deadline + grace_days * interval '1 day'), final_raised = (
    SELECT coalesce(sum(amount), 0) FROM ledger_entry WHERE campaign_id = campaign.id AND kind <> 'correction')
FROM seed_campaign, base
WHERE seed_campaign.id = campaign.id AND (finalized_at IS NOT NULL OR campaign.deadline + grace_days * interval '1 day' <= at);

SELECT setval(pg_get_serial_sequence(name, 'id'), greatest(1, last)) FROM (
    SELECT 'donor' AS name, max(id) AS last FROM donor UNION ALL SELECT 'donation', max(id) FROM donation
    UNION ALL SELECT 'subscription', max(id) FROM subscription UNION ALL SELECT 'receipt', max(id) FROM receipt
    UNION ALL SELECT 'ledger_entry', max(id) FROM ledger_entry) AS numbered WHERE last IS NOT NULL;
NOTIFY progress;
