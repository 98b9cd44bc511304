"""The ledger's invariants as SQL: each query returns one row per violation, and its sentence describes the row.

The queries aggregate by hash and spill to disk, so a million entries take seconds and no more memory than ten.
`:at` is the current time.
"""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.core import clock


def broken_invariants(session: Session) -> Iterator[str]:
    """Yield a sentence for each violated invariant; nothing if all hold.

    Run it in one REPEATABLE READ transaction, so that payments arriving meanwhile are not seen in part.
    """
    # The default timeout is meant for requests; checking years of gifts may take longer.
    session.execute(text("SET LOCAL statement_timeout = '10min'"))
    for sentence, query in INVARIANTS:
        named = {"at": clock.now()} if ":at" in query else {}
        with session.execute(text(query).execution_options(yield_per=1000), named) as rows:
            for row in rows:
                yield sentence.format(*row)


TALLY_SUMS = (
    "campaign {0}: the {1} tallies add up to {2} from {3} gifts, the progress shards to {4} from {5}",
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

TALLY_PAYMENTS = (
    "campaign {0}: the {1} tallies count {2} payments totaling {3}, the ledger has {4} totaling {5}",
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

RETURNING_DONORS = (
    "campaign {0}: {1} of its donors had given before, the progress shards count {2}",
    """
    WITH people AS (
        SELECT campaign_id, count(*) AS number FROM campaign_donor WHERE gave_before AND remaining_gifts > 0 GROUP BY 1
    ), kept AS (SELECT campaign_id, sum(gave_before) AS number FROM progress_shard GROUP BY 1)
    SELECT campaign.slug, coalesce(people.number, 0), coalesce(kept.number, 0)
    FROM campaign LEFT JOIN people ON people.campaign_id = campaign.id LEFT JOIN kept ON kept.campaign_id = campaign.id
    WHERE coalesce(people.number, 0) <> coalesce(kept.number, 0) ORDER BY campaign.slug
    """,
)

TALLY_INVARIANTS = (TALLY_SUMS, TALLY_PAYMENTS, RETURNING_DONORS)


SETTLED = "('paid', 'partially_refunded', 'refunded', 'disputed', 'dispute_lost')"

# What each donation's entries moved, including covered fees. Money going out counts as positive.
_MOVED = """
    moved AS (
        SELECT donation_id,
            sum(amount + fee_cover) FILTER (WHERE kind = 'payment') AS charged,
            -coalesce(sum(amount + fee_cover) FILTER (WHERE kind IN ('refund', 'refund_failed')), 0) AS refunded,
            -coalesce(sum(amount + fee_cover) FILTER (WHERE kind = 'refund'), 0) AS sent_back,
            -coalesce(sum(amount + fee_cover) FILTER (WHERE kind IN ('dispute', 'dispute_reversed')), 0) AS disputed,
            -coalesce(sum(amount + fee_cover) FILTER (WHERE kind = 'payment_reversed'), 0) AS returned
        FROM ledger_entry GROUP BY donation_id
    ),
    outstanding AS (
        SELECT dispute.id, dispute.donation_id, dispute.status, -sum(entry.amount + entry.fee_cover) AS amount
        FROM dispute JOIN ledger_entry AS entry ON entry.donation_id = dispute.donation_id
            AND entry.kind IN ('dispute', 'dispute_reversed')
            AND (entry.source = dispute.stripe_id OR starts_with(entry.source, dispute.stripe_id || ':'))
        GROUP BY dispute.id
    ),
    lost AS (
        SELECT donation_id, sum(amount) FILTER (WHERE status IN ('lost', 'prevented')) AS amount,
            sum(amount) FILTER (WHERE status IN ('lost', 'prevented') OR starts_with(status, 'appeal_')) AS void
        FROM outstanding GROUP BY donation_id
    )
"""

CAMPAIGN_SUMS = (
    "campaign {0}: the ledger entries add up to {1}, the progress shards to {2}",
    """
    SELECT slug, entries, shards FROM (
        SELECT campaign.slug,
            (SELECT coalesce(sum(amount), 0) FROM ledger_entry WHERE campaign_id = campaign.id) AS entries,
            (SELECT coalesce(sum(raised), 0) FROM progress_shard WHERE campaign_id = campaign.id) AS shards
        FROM campaign) AS sums
    WHERE entries <> shards ORDER BY slug
    """,
)

CAMPAIGN_COUNTS = (
    "campaign {0}: {1} donations and {2} donors in the ledger, {3} and {4} in the progress shards",
    """
    WITH standing AS (
        SELECT campaign_id, donation_id FROM ledger_entry WHERE campaign_id IS NOT NULL
        GROUP BY campaign_id, donation_id HAVING sum(amount) > 0
    ), givers AS (
        SELECT standing.campaign_id, donation.donor_id, count(*) AS gifts
        FROM standing JOIN donation ON donation.id = standing.donation_id
        GROUP BY standing.campaign_id, donation.donor_id
    ), counted AS (
        SELECT campaign_id, sum(gifts) AS donations, count(*) AS donors FROM givers GROUP BY campaign_id
    ), kept AS (
        SELECT campaign_id, sum(donations) AS donations, sum(donors) AS donors FROM progress_shard GROUP BY campaign_id
    )
    SELECT slug, coalesce(counted.donations, 0), coalesce(counted.donors, 0),
        coalesce(kept.donations, 0), coalesce(kept.donors, 0)
    FROM campaign LEFT JOIN counted ON counted.campaign_id = campaign.id
        LEFT JOIN kept ON kept.campaign_id = campaign.id
    WHERE (coalesce(counted.donations, 0), coalesce(counted.donors, 0))
        <> (coalesce(kept.donations, 0), coalesce(kept.donors, 0)) ORDER BY slug
    """,
)

PAYMENTS = (
    "donation {0} is for {1} plus {2} in covered fees, but its payment in the ledger is {3} plus {4}",
    """
    SELECT donation.public_id, donation.amount, donation.fee_cover, entry.amount, entry.fee_cover
    FROM ledger_entry AS entry JOIN donation ON donation.id = entry.donation_id
    WHERE entry.kind = 'payment' AND (entry.amount, entry.fee_cover) <> (donation.amount, donation.fee_cover)
    ORDER BY donation.id
    """,
)

STATES = (
    "donation {0} is {1}, but its ledger entries imply {2}",
    f"""
    WITH {_MOVED}
    SELECT public_id, state, implied FROM (
        SELECT donation.id, donation.public_id, donation.state, CASE
            WHEN charged IS NULL THEN 'unpaid'
            WHEN returned > 0 THEN 'failed'
            WHEN lost.amount > 0 THEN 'dispute_lost'
            WHEN disputed > 0 THEN 'disputed'
            WHEN refunded >= charged THEN 'refunded'
            WHEN refunded > 0 THEN 'partially_refunded'
            ELSE 'paid' END AS implied
        FROM donation LEFT JOIN moved ON moved.donation_id = donation.id
            LEFT JOIN lost ON lost.donation_id = donation.id
    ) AS compared
    WHERE CASE implied WHEN 'unpaid' THEN state IN {SETTLED} ELSE state <> implied END ORDER BY id
    """,  # noqa: S608 - built from constants of this module
)

REFUNDS = (
    "donation {0}: Stripe reports {1} refunded, the ledger has {2}",
    f"""
    WITH {_MOVED},
    charge_totals AS (
        SELECT donation_id, sum(refunded) AS amount FROM charge WHERE donation_id IS NOT NULL GROUP BY donation_id
    ), refunds AS (
        SELECT donation_id, sum(amount) AS amount FROM refund
        WHERE donation_id IS NOT NULL AND state NOT IN ('requested', 'refused') GROUP BY donation_id
    )
    SELECT donation.public_id, greatest(charge_totals.amount, refunds.amount, past_gift.refunded),
        moved.sent_back
    FROM moved JOIN donation ON donation.id = moved.donation_id
        LEFT JOIN charge_totals ON charge_totals.donation_id = donation.id
        LEFT JOIN refunds ON refunds.donation_id = donation.id
        LEFT JOIN past_gift ON past_gift.donation_id = donation.id
    WHERE coalesce(greatest(charge_totals.amount, refunds.amount, past_gift.refunded), 0) <> moved.sent_back
    ORDER BY donation.id
    """,  # noqa: S608 - built from constants of this module
)

DISPUTES = (
    "dispute {0} of donation {1} is {2}, so {3} should be gone, but its ledger entries take away {4}",
    f"""
    WITH {_MOVED}
    SELECT dispute.stripe_id, donation.public_id, dispute.status, gone.ought, coalesce(outstanding.amount, 0)
    FROM dispute JOIN moved ON moved.donation_id = dispute.donation_id AND moved.charged IS NOT NULL
        JOIN donation ON donation.id = dispute.donation_id
        LEFT JOIN outstanding ON outstanding.id = dispute.id
        CROSS JOIN LATERAL (
            SELECT CASE
                WHEN dispute.status IN ('won', 'warning_closed') THEN 0
                WHEN dispute.status = 'lost' OR starts_with(dispute.status, 'appeal_') THEN dispute.amount
            END AS ought
        ) AS gone
    WHERE coalesce(outstanding.amount, 0) <> gone.ought ORDER BY dispute.id
    """,  # noqa: S608 - built from constants of this module
)

# A past gift was receipted by the system that took it, unless staff asked for receipts of ours.
FIRST_RECEIPTS = (
    "donation {0} has {1} first receipts but {2} payments in the ledger that need one",
    """
    WITH firsts AS (
        SELECT donation_id, count(*) AS issued FROM receipt WHERE kind = 'receipt' GROUP BY donation_id
    ), payments AS (
        SELECT donation_id, count(*) AS booked FROM ledger_entry WHERE kind = 'payment' GROUP BY donation_id
    )
    SELECT donation.public_id, coalesce(issued, 0), needed
    FROM donation LEFT JOIN firsts ON firsts.donation_id = donation.id
        LEFT JOIN payments ON payments.donation_id = donation.id
        LEFT JOIN past_gift ON past_gift.donation_id = donation.id
        CROSS JOIN LATERAL (
            SELECT CASE WHEN past_gift.receipted_here IS FALSE THEN 0 ELSE coalesce(booked, 0) END AS needed
        ) AS receipts
    WHERE coalesce(issued, 0) <> needed ORDER BY donation.id
    """,
)

RECEIPT_AMOUNTS = (
    "receipt {0}-{1} of donation {2} is for {3}, but the ledger has {4} remaining",
    f"""
    WITH {_MOVED}
    SELECT year, sequence, public_id, acknowledged, remains FROM (
        SELECT receipt.id, receipt.year, receipt.sequence, donation.public_id, receipt.amount AS acknowledged,
            greatest(0, charged - refunded - returned - coalesce(lost.void, 0)) AS remains
        FROM receipt JOIN donation ON donation.id = receipt.donation_id
            JOIN moved ON moved.donation_id = donation.id
            LEFT JOIN lost ON lost.donation_id = donation.id
        WHERE NOT EXISTS (SELECT FROM receipt AS later WHERE later.replaces_id = receipt.id)
    ) AS valid
    WHERE acknowledged <> remains ORDER BY id
    """,  # noqa: S608 - built from constants of this module
)

RECEIPT_NUMBERS = (
    "receipts of {0}: {1} issued, the highest number is {2}, the counter is at {3}",
    """
    SELECT counter.year, count(given.sequence), coalesce(max(given.sequence), 0), counter.last
    FROM receipt_counter AS counter LEFT JOIN (
        SELECT year, sequence FROM receipt UNION SELECT year, sequence FROM reserved_receipt
    ) AS given ON given.year = counter.year
    GROUP BY counter.year, counter.last
    HAVING count(given.sequence) <> counter.last OR coalesce(max(given.sequence), 0) <> counter.last
    ORDER BY counter.year
    """,
)

RECEIPT_EMAILS = (
    "receipt {0}-{1} has {2} emails in the outbox",
    """
    SELECT receipt.year, receipt.sequence, count(message.id)
    FROM receipt JOIN donation ON donation.id = receipt.donation_id
        LEFT JOIN outbox_message AS message ON message.receipt_id = receipt.id AND message.kind = 'receipt'
    GROUP BY receipt.id, donation.email
    HAVING count(message.id) <> 1 AND NOT (count(message.id) = 0 AND (donation.email = '' OR mailed_at IS NOT NULL))
    ORDER BY receipt.id
    """,
)

STUCK_MESSAGES = (
    "message {0} ({1}) is {2} and has been due since {3}: no worker has picked it up",
    """
    SELECT id, kind, state, next_attempt_at FROM outbox_message
    WHERE state IN ('queued', 'sending') AND next_attempt_at < CAST(:at AS timestamptz) - interval '1 hour' ORDER BY id
    """,
)

FINAL_RESULTS = (
    "campaign {0} was finalized at {1}, but its entries without corrections add up to {2}",
    """
    SELECT campaign.slug, campaign.final_raised, coalesce(sum(entry.amount), 0)
    FROM campaign LEFT JOIN ledger_entry AS entry
        ON entry.campaign_id = campaign.id AND entry.kind <> 'correction'
    WHERE campaign.finalized_at IS NOT NULL
    GROUP BY campaign.id HAVING coalesce(sum(entry.amount), 0) <> campaign.final_raised ORDER BY campaign.slug
    """,
)

OFFLINE_REVERSALS = (
    "offline gift {0} of donation {1}: its reversal reason is {2}, but its entries reverse {3} of {4}",
    """
    SELECT gift.reference, donation.public_id, coalesce(gift.reversal_reason, 'none'),
        coalesce(-sum(entry.amount + entry.fee_cover) FILTER (WHERE entry.kind = 'payment_reversed'), 0),
        coalesce(sum(entry.amount + entry.fee_cover) FILTER (WHERE entry.kind = 'payment'), 0)
    FROM offline_gift AS gift JOIN donation ON donation.id = gift.donation_id
        LEFT JOIN ledger_entry AS entry ON entry.donation_id = gift.donation_id
    GROUP BY gift.id, donation.public_id
    HAVING coalesce(-sum(entry.amount + entry.fee_cover) FILTER (WHERE entry.kind = 'payment_reversed'), 0)
        <> CASE WHEN gift.reversal_reason IS NULL THEN 0 ELSE coalesce(
            sum(entry.amount + entry.fee_cover) FILTER (WHERE entry.kind = 'payment'), 0) END
        OR count(entry.id) FILTER (WHERE entry.kind = 'payment'
            AND (starts_with(entry.source, 'offline:') OR entry.source = gift.reference)) <> 1
    ORDER BY gift.id
    """,
)

MATCHING_GIFTS = (
    "campaign {0}: the entries in the matching window of {1} add up to {2}, the matching shards to {3}",
    """
    WITH entries AS (
        SELECT gift.id, sum(entry.amount) AS given
        FROM matching_gift AS gift
            JOIN ledger_entry AS payment ON payment.kind = 'payment' AND payment.occurred_at >= gift.starts_at
                AND payment.occurred_at < least(gift.ends_at, gift.ended_at)
            JOIN ledger_entry AS entry
                ON entry.donation_id = payment.donation_id AND entry.campaign_id = gift.campaign_id
        GROUP BY gift.id
    ), kept AS (SELECT matching_id, sum(given) AS given FROM matching_shard GROUP BY matching_id)
    SELECT campaign.slug, gift.sponsor, coalesce(entries.given, 0), coalesce(kept.given, 0)
    FROM matching_gift AS gift JOIN campaign ON campaign.id = gift.campaign_id
        LEFT JOIN entries ON entries.id = gift.id LEFT JOIN kept ON kept.matching_id = gift.id
    WHERE coalesce(entries.given, 0) <> coalesce(kept.given, 0) ORDER BY gift.id
    """,
)

PAST_ENTRIES = (
    "entry {0} ({2}) of donation {1}: past entries and past gifts do not agree",
    """
    SELECT entry.id, donation.public_id, entry.kind FROM ledger_entry AS entry
        JOIN donation ON donation.id = entry.donation_id
        LEFT JOIN past_gift ON past_gift.donation_id = entry.donation_id
    WHERE entry.past AND past_gift.id IS NULL OR past_gift.id IS NOT NULL AND entry.kind = 'payment' AND NOT entry.past
    ORDER BY entry.id
    """,
)

CONVERSIONS = (
    "donation {0} in {1}: transaction {2} was settled from {3} to {4} with a fee of {5}, the ledger has {6} {7}",
    """
    SELECT donation.public_id, donation.currency, conversion.balance_transaction_id, conversion.currency,
        conversion.settled_currency, conversion.fee, coalesce(entry.fee, 0),
        coalesce(entry.currency, conversion.settled_currency)
    FROM conversion JOIN donation ON donation.id = conversion.donation_id
        LEFT JOIN ledger_entry AS entry ON entry.balance_transaction_id = conversion.balance_transaction_id
            AND entry.kind = 'fee'
    WHERE conversion.currency <> donation.currency
        OR (conversion.donation_id, conversion.settled_currency, conversion.fee) <> (
            coalesce(entry.donation_id, conversion.donation_id),
            coalesce(entry.currency, conversion.settled_currency), coalesce(entry.fee, 0))
    ORDER BY conversion.id
    """,
)

INVARIANTS = (
    CAMPAIGN_SUMS,
    CAMPAIGN_COUNTS,
    PAYMENTS,
    STATES,
    REFUNDS,
    DISPUTES,
    FIRST_RECEIPTS,
    RECEIPT_AMOUNTS,
    RECEIPT_NUMBERS,
    RECEIPT_EMAILS,
    STUCK_MESSAGES,
    FINAL_RESULTS,
    OFFLINE_REVERSALS,
    MATCHING_GIFTS,
    PAST_ENTRIES,
    CONVERSIONS,
    *TALLY_INVARIANTS,
)
