"""Compare refunds, and refunds that failed. No database or network access."""

from collections.abc import Iterator, Sequence

from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.models import LedgerEntry, LedgerKind
from campaign.reconciliation.comparison import (
    PaymentComparison,
    amount_of,
    by_entry,
    by_source,
    discrepancy,
    entries_of,
    in_window,
    ledger_side,
    stripe_side,
    total_of,
    transactions_of,
    unconfirmed,
)
from campaign.reconciliation.discrepancies import Discrepancy


def compare_refunds(case: PaymentComparison) -> Iterator[Discrepancy]:
    """Compare the refunds. Some are booked from a charge's refunded total, under the charge's id."""
    reported, booked = transactions_of(case, LedgerKind.refund), entries_of(case, LedgerKind.refund)
    counted = _counted_entries(reported, booked)
    short = amount_of(reported) - total_of(counted)
    yield from _missing_refunds(case, reported, counted, short)
    unexplained = [one for one in booked if one not in counted]
    if in_window(case, unexplained) or (short < 0 and in_window(case, counted)):
        yield unconfirmed(case, LedgerKind.refund, booked)


def _counted_entries(
    reported: list[PaymentTransaction], booked: list[LedgerEntry]
) -> list[LedgerEntry]:
    """Return the entries with a reported refund's id, then those with a charge's id, or of a past gift's history."""
    names = {one.source_id for one in reported}
    named = [one for one in booked if one.source in names]
    unnamed = (one for one in booked if one not in named)
    return named + [one for one in unnamed if one.past or one.source.startswith(("ch_", "py_"))]


def _missing_refunds(
    case: PaymentComparison,
    reported: list[PaymentTransaction],
    counted: list[LedgerEntry],
    short: int,
) -> Iterator[Discrepancy]:
    """Yield the unbooked refunds. `short` is what Stripe reports beyond the entries in `counted`."""
    known = {one.source for one in counted}
    missing = [one for one in reported if one.source_id not in known]
    if short > 0 and not missing:
        yield discrepancy(case, LedgerKind.refund, stripe_side(reported), ledger_side(counted))
    for one in _unbooked_refunds(missing, short):
        yield discrepancy(case, LedgerKind.refund, stripe_side([one]), None, repairable=True)


def _unbooked_refunds(
    missing: Sequence[PaymentTransaction], short: int
) -> list[PaymentTransaction]:
    """Return which of `missing` were probably not part of the charge's refunded total, if `short` is not booked.

    A refund of exactly that amount, else the latest ones. Stripe's times are whole seconds, so order alone is not
    reliable.
    """
    exact = [one for one in missing if one.amount == short]
    if exact:
        return exact[-1:]
    found = []
    for one in reversed(missing):
        if short > 0:
            found.append(one)
            short -= one.amount
    return found


def compare_failed_refunds(case: PaymentComparison) -> Iterator[Discrepancy]:
    """Compare failed refunds, each by the id of its refund."""
    kind = LedgerKind.refund_failed
    reported, booked = by_source(transactions_of(case, kind)), by_entry(entries_of(case, kind))
    for name in reported.keys() | booked.keys():
        moved, entries = reported.get(name, []), booked.get(name, [])
        more = amount_of(moved) - total_of(entries)
        if more > 0:
            ledger = ledger_side(entries) if entries else None
            yield discrepancy(case, kind, stripe_side(moved), ledger, repairable=True)
        elif more < 0 and in_window(case, entries):
            yield unconfirmed(case, kind, entries)
