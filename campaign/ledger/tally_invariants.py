"""What must always hold of the tallies that the dashboard shows. Words and SQL as in `ledger.invariants`."""

TALLIED = (
    "campaign {0}: by {1} its tallies sum to {2} of {3} gifts, its kept shards to {4} of {5}",
    """
    WITH tallied AS (
        SELECT campaign_id, kind, sum(amount) AS amount, sum(gifts) AS gifts FROM gift_tally GROUP BY 1, 2
    ), kept AS (
        SELECT campaign_id, sum(raised) AS amount, sum(donations) AS gifts FROM progress_shard GROUP BY 1
    )
    SELECT campaign.slug, kind.name, coalesce(tallied.amount, 0), coalesce(tallied.gifts, 0),
        coalesce(kept.amount, 0), coalesce(kept.gifts, 0)
    FROM campaign CROSS JOIN unnest(ARRAY['hour', 'size', 'code', 'frequency']) AS kind (name)
        LEFT JOIN tallied ON tallied.campaign_id = campaign.id AND tallied.kind = kind.name
        LEFT JOIN kept ON kept.campaign_id = campaign.id
    WHERE (coalesce(tallied.amount, 0), coalesce(tallied.gifts, 0))
        <> (coalesce(kept.amount, 0), coalesce(kept.gifts, 0))
    ORDER BY campaign.slug, kind.name
    """,
)

RECEIVED = (
    "campaign {0}: by {1} its tallies have {2} payments of {3}, its entries {4} of {5}",
    """
    WITH tallied AS (
        SELECT campaign_id, kind, sum(payments) AS payments, sum(received) AS received FROM gift_tally GROUP BY 1, 2
    ), entries AS (
        SELECT campaign_id, count(*) AS payments, sum(amount) AS received FROM ledger_entry
        WHERE kind = 'payment' AND campaign_id IS NOT NULL GROUP BY 1
    )
    SELECT campaign.slug, tallied.kind, tallied.payments, tallied.received,
        coalesce(entries.payments, 0), coalesce(entries.received, 0)
    FROM tallied JOIN campaign ON campaign.id = tallied.campaign_id
        LEFT JOIN entries ON entries.campaign_id = tallied.campaign_id
    WHERE (tallied.payments, tallied.received) <> (coalesce(entries.payments, 0), coalesce(entries.received, 0))
    ORDER BY campaign.slug, tallied.kind
    """,
)

GAVE_BEFORE = (
    "campaign {0}: {1} of its donors gave before, its kept shards have {2}",
    """
    WITH people AS (
        SELECT campaign_id, count(*) AS number FROM campaign_donor WHERE gave_before AND standing > 0 GROUP BY 1
    ), kept AS (SELECT campaign_id, sum(gave_before) AS number FROM progress_shard GROUP BY 1)
    SELECT campaign.slug, coalesce(people.number, 0), coalesce(kept.number, 0)
    FROM campaign LEFT JOIN people ON people.campaign_id = campaign.id LEFT JOIN kept ON kept.campaign_id = campaign.id
    WHERE coalesce(people.number, 0) <> coalesce(kept.number, 0) ORDER BY campaign.slug
    """,
)

TALLY_INVARIANTS = (TALLIED, RECEIVED, GAVE_BEFORE)
