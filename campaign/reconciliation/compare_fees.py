"""Compare Stripe's fees, and the conversions to the currency in which it settles. No database or network access."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.models import LedgerEntry, LedgerKind
from campaign.reconciliation.comparison import (
    ComparisonResult,
    PaymentComparison,
    discrepancy,
    entries_of,
    in_window,
    unconfirmed,
)
from campaign.reconciliation.discrepancies import Discrepancy, ReportedAmount

FEE_GRACE_PERIOD = timedelta(days=1)
"""A fee is normally booked within minutes; one missing for longer than this is a discrepancy."""


def compare_fees(case: PaymentComparison, at: datetime, found: ComparisonResult) -> None:
    """Add the fees that differ or are missing to `found`, and count those that are not overdue."""
    if case.past or not entries_of(case, LedgerKind.payment):
        return
    known = _names_at_stripe(found.discrepancies)
    booked = {one.balance_transaction_id: one for one in case.entries if one.balance_transaction_id}
    for one in case.movements:
        entry = booked.pop(one.id, None)
        if entry is not None:
            found.discrepancies += _unequal_fee(case, one, entry)
        elif not one.fee or one.id in known:
            continue
        elif at - one.created > FEE_GRACE_PERIOD:
            stripe = _stripe_fee(one)
            found.discrepancies.append(
                discrepancy(case, LedgerKind.fee, stripe, None, repairable=True)
            )
        else:
            found.fees_in_progress += 1
    found.discrepancies += _unconfirmed_fees(case, booked.values())


def compare_conversions(case: PaymentComparison, at: datetime) -> Iterator[Discrepancy]:
    """Yield what Stripe settled in another currency without a record of the settled amount."""
    if case.past or not entries_of(case, LedgerKind.payment):
        return
    for one in case.movements:
        overdue = at - one.created > FEE_GRACE_PERIOD
        if one.converted and one.id not in case.converted and overdue:
            names = (one.source_id, one.payment_intent_id, one.id)
            settled = ReportedAmount(abs(one.settled_amount), one.fee_currency, names, one.created)
            note = "what Stripe converted it to is not recorded"
            kind = LedgerKind(one.kind)
            yield discrepancy(case, kind, settled, None, repairable=True, note=note)


def _names_at_stripe(discrepancies: Iterable[Discrepancy]) -> set[str]:
    return {name for one in discrepancies if one.stripe for name in one.stripe.names}


def _unequal_fee(
    case: PaymentComparison, one: PaymentTransaction, entry: LedgerEntry
) -> Iterator[Discrepancy]:
    if entry.fee != one.fee or (one.fee and entry.currency != one.fee_currency):
        yield discrepancy(case, LedgerKind.fee, _stripe_fee(one), _ledger_fee(entry))


def _unconfirmed_fees(
    case: PaymentComparison, entries: Iterable[LedgerEntry]
) -> Iterator[Discrepancy]:
    """Yield fees whose balance transaction is not in the window."""
    for entry in entries:
        if entry.fee and in_window(case, [entry]):
            yield replace(unconfirmed(case, LedgerKind.fee, [entry]), ledger=_ledger_fee(entry))


def _stripe_fee(one: PaymentTransaction) -> ReportedAmount:
    return ReportedAmount(one.fee, one.fee_currency, (one.id, one.payment_intent_id), one.created)


def _ledger_fee(entry: LedgerEntry) -> ReportedAmount:
    names = (f"entry {entry.id}", entry.balance_transaction_id or "")
    return ReportedAmount(entry.fee, entry.currency, names, entry.occurred_at)
