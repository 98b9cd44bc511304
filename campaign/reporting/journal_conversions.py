"""The journal's lines about gifts that Stripe settled in another currency than the donor paid in.

In both currencies, a conversion is two entries against exchange gains and losses: the Stripe balance gives up the gift
in its currency, and gets what Stripe credited in the balance's. In the balance's currency alone, a gift has the value
that Stripe credited for its payment, and what leaves of it its share of that value; shares are rounded so that they
add up, and the rest is an exchange gain or loss.

Stripe converts each movement by itself. Once the account settles in another currency, a refund or a dispute of a
converted gift may move in a third one, or in the gift's own: then it has no conversion, and is given up by none.
"""

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.core import clock
from campaign.core.chart_of_accounts import CONTRIBUTIONS, COVERED, EXCHANGE, STRIPE
from campaign.models import Conversion, LedgerKind
from campaign.reporting.journal_lines import DESCRIPTIONS, JournalLine

_MONTH = "{0} >= :begins AND {0} < :ends"

# The value of a gift: what Stripe credited for its payment, the latest if a debit was tried again.
_VALUED = """
    valued AS (
        SELECT DISTINCT ON (donation_id) donation_id, settled_amount, settled_currency
        FROM conversion WHERE kind = 'payment' ORDER BY donation_id, converted_at DESC, id DESC
    )
"""

# An entry is converted with the first balance transaction of its kind: a debit, days after it was authorized.
# `object` is the refund or dispute behind both; a payment has one entry, whatever Stripe tried for it.
_OBJECT = "CASE WHEN {0}.kind IN ('payment', 'payment_reversed') THEN '' ELSE split_part({0}.source, ':', 1) END"
_CONVERTED = f"""
    converted AS (
        SELECT donation_id, kind, currency, {_OBJECT.format("conversion")} AS object, min(converted_at) AS at
        FROM conversion GROUP BY 1, 2, 3, 4
    )
"""  # noqa: S608 - built from constants of this module

# Whether the disputed amount itself moved in the gift's currency: what was converted is an adjustment then, which the
# ledger has as a gain or a loss (`ledger.dispute_movements`).
_MOVED_UNCONVERTED = """
    EXISTS (
        SELECT FROM dispute, jsonb_array_elements(balance_transactions) AS movement
        WHERE dispute.stripe_id = converted.object AND movement ->> 'currency' = dispute.currency
            AND NOT coalesce(CAST(movement ->> 'adjustment' AS boolean), false)
            AND (converted.kind, sign(CAST(movement ->> 'amount' AS bigint)), coalesce(movement ->> 'category', ''))
                IN (('dispute', -1, ''), ('dispute', -1, 'dispute'),
                ('dispute_reversed', 1, ''), ('dispute_reversed', 1, 'dispute_reversal'))
    )
"""

# What was converted, in the gift's currency. An entry may stand for parts of several refunds, so that the amounts are
# those of the refunds; what no known refund explains is that of the others.
_EXCHANGED = f"""
    {_CONVERTED}, explained AS (
        SELECT donation_id, sum(amount) AS total FROM refund
        WHERE state NOT IN ('requested', 'refused') GROUP BY 1
    ), unexplained AS (
        SELECT donation_id, max(occurred_at) AS occurred_at,
            least(0, sum(ledger_entry.amount + fee_cover) + coalesce(max(explained.total), 0)) AS total
        FROM ledger_entry LEFT JOIN explained USING (donation_id) WHERE kind = 'refund' GROUP BY 1
    ), unnamed AS (
        SELECT donation_id, currency, min(at) AS at FROM converted
        WHERE kind = 'refund' AND object NOT IN (SELECT stripe_id FROM refund WHERE stripe_id IS NOT NULL) GROUP BY 1, 2
    ), exchanged AS (
        SELECT converted.donation_id, converted.kind, converted.currency, greatest(occurred_at, at) AS at,
            amount + fee_cover AS total
        FROM ledger_entry JOIN converted ON ledger_entry.donation_id = converted.donation_id
            AND ledger_entry.kind = converted.kind AND ledger_entry.currency = converted.currency
            AND {_OBJECT.format("ledger_entry")} = converted.object
        WHERE converted.kind NOT IN ('refund', 'dispute_gain_loss')
            AND NOT (converted.kind IN ('dispute', 'dispute_reversed') AND {_MOVED_UNCONVERTED})
        UNION ALL SELECT converted.donation_id, kind, converted.currency, at, -amount
        FROM converted JOIN refund ON refund.stripe_id = object WHERE kind = 'refund'
        UNION ALL SELECT donation_id, 'refund', currency, greatest(occurred_at, at), total
        FROM unnamed JOIN unexplained USING (donation_id) WHERE total <> 0
    )
"""  # noqa: S608 - built from constants of this module

# What was credited for gifts, without what is booked as a gain or a loss on a dispute: that has lines of its own.
_MOVED = """
    moved AS (
        SELECT donation_id, converted_at AS at, kind, settled_currency AS currency, settled_amount AS amount,
            1 AS number
        FROM conversion
        UNION ALL SELECT donation_id, occurred_at, 'dispute', ledger_entry.currency, fee, 0
        FROM ledger_entry JOIN donation ON donation.id = donation_id
        WHERE kind = 'dispute_gain_loss' AND ledger_entry.currency <> donation.currency
    )
"""

_UNVALUED = "donation_id NOT IN (SELECT donation_id FROM valued)"

_GIVEN_UP = f"""
    WITH {_VALUED}, {_EXCHANGED}
    SELECT CAST(timezone(:zone, at) AS date), kind, currency, -sum(total), count(*) FROM exchanged
    WHERE {_MONTH.format("at")} AND (NOT :unvalued OR {_UNVALUED}) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""  # noqa: S608 - built from constants of this module

_CREDITED = f"""
    WITH {_VALUED}, {_MOVED}
    SELECT CAST(timezone(:zone, at) AS date), kind, currency, sum(amount), sum(number)
    FROM moved WHERE {_MONTH.format("at")} AND (NOT :unvalued OR {_UNVALUED})
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""  # noqa: S608 - built from constants of this module

# The entries of gifts with a value, and their shares of it: the share of all entries so far, less that of all before.
_SHARES = f"""
    WITH {_VALUED}, {_EXCHANGED}, first_converted AS (
        SELECT donation_id, kind, min(at) AS at FROM converted GROUP BY 1, 2
    ), concerned AS (
        SELECT donation_id FROM ledger_entry WHERE {_MONTH.format("occurred_at")}
        UNION SELECT donation_id FROM conversion WHERE {_MONTH.format("converted_at")}
    ), entry AS (
        SELECT id, donation_id, campaign_id, kind, occurred_at, amount + fee_cover AS total, fee_cover AS cover,
            sum(amount + fee_cover) OVER so_far AS total_so_far, sum(fee_cover) OVER so_far AS cover_so_far,
            CAST(settled_amount AS numeric) AS settled, settled_currency,
            sum(amount + fee_cover) FILTER (WHERE kind = 'payment') OVER (PARTITION BY donation_id) AS charged
        FROM ledger_entry JOIN valued USING (donation_id)
        WHERE kind <> 'correction' AND (amount, fee_cover) <> (0, 0)
            AND donation_id IN (SELECT donation_id FROM concerned)
        WINDOW so_far AS (PARTITION BY donation_id ORDER BY id)
    ), share AS (
        SELECT entry.*,
            greatest(entry.occurred_at, first_converted.at) AS converted_at,
            round(total_so_far * settled / charged) - round((total_so_far - total) * settled / charged) AS value,
            round(cover_so_far * settled / charged) - round((cover_so_far - cover) * settled / charged) AS cover_value
        FROM entry LEFT JOIN first_converted USING (donation_id, kind)
    )
"""  # noqa: S608 - built from constants of this module

_VALUES = f"""
    {_SHARES}
    SELECT CAST(timezone(:zone, share.occurred_at) AS date), coalesce(counted.designation, began.designation), kind,
        settled_currency, sum(value), sum(cover_value), count(*)
    FROM share JOIN donation ON donation.id = share.donation_id
        JOIN campaign AS began ON began.id = donation.campaign_id
        LEFT JOIN campaign AS counted ON counted.id = share.campaign_id
    WHERE {_MONTH.format("share.occurred_at")} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""  # noqa: S608 - built from constants of this module

# What a gift with a value left in Stripe's balance in its own currency, or took from it: what was not converted.
_DIFFERENCES = f"""
    {_SHARES}, {_MOVED}, difference AS (
        SELECT converted_at AS at, settled_currency AS currency, -value AS amount FROM share
        UNION ALL SELECT at, currency, amount FROM moved
        WHERE donation_id IN (SELECT donation_id FROM valued)
        UNION ALL SELECT occurred_at, currency, amount + fee_cover FROM ledger_entry
        WHERE kind NOT IN ('payment', 'correction') AND donation_id IN (SELECT donation_id FROM valued)
        UNION ALL SELECT at, currency, -total FROM exchanged
        WHERE kind <> 'payment' AND donation_id IN (SELECT donation_id FROM valued)
    )
    SELECT CAST(timezone(:zone, at) AS date), currency, sum(amount) FROM difference
    WHERE {_MONTH.format("at")} GROUP BY 1, 2 HAVING sum(amount) <> 0 ORDER BY 1, 2
"""  # noqa: S608 - built from constants of this module


def is_valued(donation_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Return the SQL of whether a gift has a value in another currency: its payment was converted."""
    return exists().where(
        Conversion.donation_id == donation_id, Conversion.kind == LedgerKind.payment.value
    )


def conversion_lines(
    session: Session, first: date, after: date, zone: ZoneInfo, *, unvalued: bool = False
) -> Iterator[JournalLine]:
    """Yield the conversions, two lines in each currency. With `unvalued`, only those of gifts without a value."""
    asked = {**_bounds(first, after, zone), "unvalued": unvalued}
    for query in (_GIVEN_UP, _CREDITED):
        for day, kind, currency, amount, number in session.execute(text(query), asked):
            described = f"{DESCRIPTIONS[kind]}, converted"
            yield from _exchange(day, described, int(amount), currency, number)


def valued_lines(
    session: Session, first: date, after: date, zone: ZoneInfo
) -> Iterator[JournalLine]:
    """Yield the gifts that have a value in the balance's currency, in that, and the exchange gains and losses."""
    asked = _bounds(first, after, zone)
    for day, designation, kind, currency, *sums in session.execute(text(_VALUES), asked):
        value, cover, number = map(int, sums)
        described = DESCRIPTIONS[kind]
        sides = (
            (STRIPE, value, ""),
            (CONTRIBUTIONS, cover - value, designation),
            (COVERED, -cover, designation),
        )
        for account, moved, of_what in sides:
            if moved:
                into, out = max(0, moved), max(0, -moved)
                yield JournalLine(
                    day, account, of_what, described, into, out, currency, number=number
                )
    for day, currency, amount in session.execute(text(_DIFFERENCES), asked):
        yield from _exchange(day, "Exchange", int(amount), currency, 0)


def _bounds(first: date, after: date, zone: ZoneInfo) -> dict[str, object]:
    return {
        "begins": clock.start_of_day(first, zone),
        "ends": clock.start_of_day(after, zone),
        "zone": zone.key,
    }


def _exchange(
    day: date, described: str, amount: int, currency: str, number: int
) -> Iterator[JournalLine]:
    """Yield what the Stripe balance got (negative: gave up) in `currency`, and the other side."""
    if amount:
        into, out = max(0, amount), max(0, -amount)
        yield JournalLine(day, STRIPE, "", described, into, out, currency, number=number)
        yield JournalLine(day, EXCHANGE, "", described, out, into, currency, number=number)
