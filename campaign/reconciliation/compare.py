"""Compare one payment in Stripe's balance with the ledger. No database or network access.

`reconciliation.candidates` loads the two sides.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.models import LedgerKind
from campaign.reconciliation.compare_disputes import compare_disputes
from campaign.reconciliation.compare_fees import compare_conversions, compare_fees
from campaign.reconciliation.compare_refunds import compare_failed_refunds, compare_refunds
from campaign.reconciliation.comparison import (
    ComparisonResult,
    PaymentComparison,
    amount_of,
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

_INCOMING = (LedgerKind.payment, LedgerKind.refund_failed, LedgerKind.dispute_reversed)


def compare(case: PaymentComparison, at: datetime) -> ComparisonResult:
    """Return the discrepancies between the two sides of `case` as of `at`."""
    case = replace(case, payment_intent_id=case.intent)
    found = ComparisonResult()
    mine = [one for one in case.movements if case.is_own(one.payment_intent_id)]
    found.discrepancies += _second_payments(case)
    case = replace(case, movements=mine)
    found.discrepancies += [*_payment(case), *compare_refunds(case), *compare_failed_refunds(case)]
    found.discrepancies += compare_disputes(case)
    compare_fees(case, at, found)
    found.discrepancies += compare_conversions(case, at)
    return found


def _second_payments(case: PaymentComparison) -> Iterator[Discrepancy]:
    """Yield other payments for the same donation that were not fully returned: the donor was charged twice."""
    remaining: Counter[str] = Counter()
    first: dict[str, PaymentTransaction] = {}
    for one in case.movements:
        if not case.is_own(one.payment_intent_id):
            remaining[one.payment_intent_id] += one.amount if one.kind in _INCOMING else -one.amount
            first.setdefault(one.payment_intent_id, one)
    booked = entries_of(case, LedgerKind.payment)
    for intent, amount in remaining.items():
        if amount > 0:
            stripe = replace(stripe_side([first[intent]]), amount=amount)
            note = f"a second payment for the same gift, in addition to {case.payment_intent_id}"
            ledger = ledger_side(booked) if booked else None
            yield Discrepancy(case.donation, LedgerKind.payment, intent, stripe, ledger, note=note)


def _payment(case: PaymentComparison) -> Iterator[Discrepancy]:
    """Compare the payment. A charge that was reversed and charged again counts as one payment."""
    charges = transactions_of(case, LedgerKind.payment)
    reversals = transactions_of(case, LedgerKind.payment_reversed)
    booked = entries_of(case, LedgerKind.payment)
    if not booked:
        yield from _unbooked(case, charges, reversals)
        return
    surplus = amount_of(charges) + case.outside - total_of(booked) if charges else 0
    repeated = min(max(surplus, 0), amount_of(reversals))
    # One part may be older than the window, or paid by a payment that nobody told us of.
    partial = surplus < 0 and booked[0].source.startswith("in_")
    if not charges or partial:
        if in_window(case, booked):
            yield unconfirmed(case, LedgerKind.payment, booked)
    elif surplus != repeated or charges[-1].currency != booked[-1].currency:
        yield discrepancy(case, LedgerKind.payment, stripe_side(charges), ledger_side(booked))
    yield from _reversals(case, reversals, amount_of(reversals) - repeated)


def _reversals(
    case: PaymentComparison, reversals: list[PaymentTransaction], returned: int
) -> Iterator[Discrepancy]:
    """Compare the reversals. `returned` is the part of `reversals` that was not charged again."""
    failed = entries_of(case, LedgerKind.payment_reversed)
    if returned > total_of(failed):
        ledger = ledger_side(failed) if failed else None
        stripe = replace(stripe_side(reversals), amount=returned)
        yield discrepancy(case, LedgerKind.payment_reversed, stripe, ledger, repairable=not failed)
    elif failed and returned < total_of(failed) and in_window(case, failed):
        yield unconfirmed(case, LedgerKind.payment_reversed, failed)


def _unbooked(
    case: PaymentComparison, charges: list[PaymentTransaction], reversals: list[PaymentTransaction]
) -> Iterator[Discrepancy]:
    """Yield a payment that the ledger lacks. A failed debit that entered and left the balance again is no payment."""
    if amount_of(charges) <= amount_of(reversals):
        return
    stripe = stripe_side(charges[-1:])
    agreed = (case.charge, case.currency)
    agrees = case.charge is None or (stripe.amount, stripe.currency) == agreed
    note = "" if agrees else "it is not what the donor agreed to"
    yield discrepancy(case, LedgerKind.payment, stripe, None, repairable=agrees, note=note)
