"""The books' own audit: what must always hold, checked by SQL in constant memory."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

_CHECKS: tuple[tuple[str, str], ...] = (
    (
        "campaign {0}: the entries sum to {1}, the kept shards to {2}",
        """
        SELECT slug, entries, shards FROM (
            SELECT campaign.slug,
                (SELECT coalesce(sum(amount), 0) FROM ledger_entry WHERE campaign_id = campaign.id) AS entries,
                (SELECT coalesce(sum(raised), 0) FROM progress_shard WHERE campaign_id = campaign.id) AS shards
            FROM campaign) AS sums
        WHERE entries <> shards ORDER BY slug
        """,
    ),
    (
        "campaign {0}: {1} donations and {2} donors by the entries, {3} and {4} by the kept shards",
        """
        SELECT slug, donations, donors, kept_donations, kept_donors FROM (
            SELECT campaign.slug,
                (SELECT count(*) FROM ledger_entry
                    WHERE campaign_id = campaign.id AND kind = 'payment') AS donations,
                (SELECT count(DISTINCT donation.donor_id) FROM ledger_entry JOIN donation
                    ON donation.id = ledger_entry.donation_id
                    WHERE ledger_entry.campaign_id = campaign.id AND kind = 'payment') AS donors,
                (SELECT coalesce(sum(donations), 0) FROM progress_shard
                    WHERE campaign_id = campaign.id) AS kept_donations,
                (SELECT coalesce(sum(donors), 0) FROM progress_shard
                    WHERE campaign_id = campaign.id) AS kept_donors
            FROM campaign) AS counts
        WHERE (donations, donors) <> (kept_donations, kept_donors) ORDER BY slug
        """,
    ),
    (
        "donation {0} is {1}, its payments in the ledger sum to {2}, it gave {3}",
        """
        SELECT donation.public_id, donation.state, coalesce(paid.amount, 0), donation.amount
        FROM donation LEFT JOIN (
            SELECT donation_id, sum(amount) AS amount FROM ledger_entry WHERE kind = 'payment' GROUP BY donation_id
        ) AS paid ON paid.donation_id = donation.id
        WHERE coalesce(paid.amount, 0) <> CASE donation.state WHEN 'paid' THEN donation.amount ELSE 0 END
        ORDER BY donation.id
        """,
    ),
    (
        "donation {0} is {1} and has {2} receipts",
        """
        SELECT donation.public_id, donation.state, count(receipt.id)
        FROM donation LEFT JOIN receipt ON receipt.donation_id = donation.id
        GROUP BY donation.id
        HAVING count(receipt.id) <> (donation.state = 'paid')::integer ORDER BY donation.id
        """,
    ),
    (
        "receipts of {0}: {1} issued, the highest is {2}, the counter stands at {3}",
        """
        SELECT counter.year, count(receipt.id), coalesce(max(receipt.sequence), 0), counter.last
        FROM receipt_counter AS counter LEFT JOIN receipt ON receipt.year = counter.year
        GROUP BY counter.year, counter.last
        HAVING count(receipt.id) <> counter.last OR coalesce(max(receipt.sequence), 0) <> counter.last
        ORDER BY counter.year
        """,
    ),
    (
        "receipt {0}-{1} has {2} messages in the outbox",
        """
        SELECT receipt.year, receipt.sequence, count(message.id)
        FROM receipt LEFT JOIN outbox_message AS message
            ON message.receipt_id = receipt.id AND message.kind = 'receipt'
        GROUP BY receipt.id HAVING count(message.id) <> 1 ORDER BY receipt.id
        """,
    ),
)


def broken_invariants(session: Session) -> Iterator[str]:
    """A sentence for each rule of the books that does not hold; nothing when all do.

    Run it in one REPEATABLE READ transaction, so that payments arriving meanwhile are not half seen.
    """
    for sentence, query in _CHECKS:
        with session.execute(text(query).execution_options(yield_per=1000)) as rows:
            for row in rows:
                yield sentence.format(*row)
