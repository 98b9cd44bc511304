"""Check ledger entries that the fetched balance transactions do not confirm against Stripe's own answer.

The balance transaction may be older than the window or newer than the fetch. The caller asks Stripe and passes the
answer in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from campaign.gateway import (
    BalanceTransaction,
    InvoicePaymentFact,
    PaymentFact,
    StripeDispute,
    StripeRefund,
)
from campaign.models import LedgerKind
from campaign.reconciliation.discrepancies import Discrepancy, ReportedAmount


@dataclass(frozen=True)
class StripeAnswer:
    """Stripe's answer about an unconfirmed entry; empty if Stripe has no such object.

    `parts` are the payments of the invoice, if the one payment does not explain the entry.
    """

    payment: PaymentFact | None = None
    refunds: tuple[StripeRefund, ...] = ()
    dispute: StripeDispute | None = None
    balance_transaction: BalanceTransaction | None = None
    parts: tuple[InvoicePaymentFact, ...] = ()


def confirm_entry(unconfirmed: Discrepancy, answer: StripeAnswer) -> Discrepancy | None:
    """Return None if Stripe's answer confirms the ledger; otherwise the discrepancy with both sides."""
    if unconfirmed.ledger is None:
        return unconfirmed
    if unconfirmed.kind in {LedgerKind.payment, LedgerKind.payment_reversed}:
        at_stripe, note = _payment(unconfirmed, answer)
    elif unconfirmed.kind in {LedgerKind.refund, LedgerKind.refund_failed}:
        at_stripe, note = _refunds(unconfirmed, answer), ""
    elif unconfirmed.kind == LedgerKind.fee:
        at_stripe, note = _fee(answer), ""
    else:
        at_stripe, note = _dispute(unconfirmed, answer)
    if at_stripe and (at_stripe.amount, at_stripe.currency) == (
        unconfirmed.ledger.amount,
        unconfirmed.ledger.currency,
    ):
        return None
    return replace(unconfirmed, stripe=at_stripe, unconfirmed=False, note=note)


def _payment(unconfirmed: Discrepancy, answer: StripeAnswer) -> tuple[ReportedAmount | None, str]:
    fact = answer.payment
    if fact is None:
        return _parts(unconfirmed, answer), ""
    intent, charge = fact.intent, fact.charge
    succeeded = intent.status == "succeeded"
    returned = charge is not None and charge.returned
    amount = _received(fact, answer.parts) if succeeded else 0
    if charge and returned:
        amount = charge.amount
    if unconfirmed.kind == LedgerKind.payment_reversed:
        reversed_amount = unconfirmed.ledger.amount if unconfirmed.ledger else 0
        amount = 0 if succeeded else reversed_amount
    return ReportedAmount(
        amount, intent.currency, (intent.id,)
    ), f"its status at Stripe is {intent.status}"


def _parts(unconfirmed: Discrepancy, answer: StripeAnswer) -> ReportedAmount | None:
    """Return what the payments of the invoice add up to, for a payment that Stripe no longer shows itself."""
    if not answer.parts or unconfirmed.ledger is None:
        return None
    names = tuple(one.payment_id or "" for one in answer.parts)
    total = sum(one.amount or 0 for one in answer.parts)
    return ReportedAmount(total, unconfirmed.ledger.currency, names)


def _received(fact: PaymentFact, parts: Sequence[InvoicePaymentFact]) -> int:
    return sum(one.amount or 0 for one in parts) if parts else fact.intent.amount_received


def _refunds(unconfirmed: Discrepancy, answer: StripeAnswer) -> ReportedAmount | None:
    """Return the refunds at Stripe, limited to the ledger's total: any excess is reported by this run or the next."""
    found = answer.refunds
    if unconfirmed.kind == LedgerKind.refund_failed:
        named = unconfirmed.ledger.names if unconfirmed.ledger else ()
        found = tuple(
            one for one in found if one.id in named and one.status in {"failed", "canceled"}
        )
    if not found or unconfirmed.ledger is None:
        return None
    total = min(sum(one.amount for one in found), unconfirmed.ledger.amount)
    return ReportedAmount(total, found[0].currency, tuple(one.id for one in found))


def _dispute(unconfirmed: Discrepancy, answer: StripeAnswer) -> tuple[ReportedAmount | None, str]:
    found = answer.dispute
    if found is None or unconfirmed.ledger is None:
        return None, ""
    sign = -1 if unconfirmed.kind == LedgerKind.dispute else 1
    total = min(_moved_by(found, sign), unconfirmed.ledger.amount)
    return ReportedAmount(
        total, found.currency, (found.id,)
    ), f"its status at Stripe is {found.status}"


def _moved_by(dispute: StripeDispute, sign: int) -> int:
    """Return what a dispute withdrew (`sign` -1) or reinstated (1) of its own amount, by its status; minor units.

    Only of one that is open, or was prevented, its balance transactions say whether and how much it took so far.
    """
    if sign > 0:
        return dispute.amount if dispute.status == "won" else 0
    decided = dispute.status in {"won", "lost"} or dispute.status.startswith("appeal_")
    return dispute.amount if decided else _taken_so_far(dispute)


def _taken_so_far(dispute: StripeDispute) -> int:
    taken = [one for one in dispute.balance_transactions if one.amount < 0]
    if any(one.currency != dispute.currency for one in taken):
        return dispute.amount
    if dispute.balance_transactions:
        return min(dispute.amount, sum(-one.amount for one in taken))
    # Without a list, only the status is usable.
    inquiry = dispute.status.startswith("warning_") or dispute.status == "prevented"
    return 0 if inquiry else dispute.amount


def _fee(answer: StripeAnswer) -> ReportedAmount | None:
    found = answer.balance_transaction
    return ReportedAmount(found.fee, found.currency, (found.id,), found.created) if found else None
