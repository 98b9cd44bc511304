"""What the ledger has and the walk over Stripe's balance has not: explained by what Stripe says of it, or a difference.

The movement may lie before the window, or have been made after the walk began. The edge asks Stripe and gives the
answer here.
"""

from dataclasses import dataclass, replace

from campaign.gateway import BalanceTransaction, PaymentFact, StripeDispute, StripeRefund
from campaign.models import LedgerKind
from campaign.reconciliation.discrepancies import Discrepancy, ReportedAmount


@dataclass(frozen=True)
class StripeAnswer:
    """What Stripe said when it was asked about a doubt; empty where it knows nothing of it."""

    payment: PaymentFact | None = None
    refunds: tuple[StripeRefund, ...] = ()
    dispute: StripeDispute | None = None
    balance_transaction: BalanceTransaction | None = None


def confirm_entry(doubt: Discrepancy, answer: StripeAnswer) -> Discrepancy | None:
    """None where Stripe's answer agrees with the ledger; else the difference, with both sides."""
    if doubt.ledger is None:
        return doubt
    if doubt.kind in {LedgerKind.payment, LedgerKind.payment_reversed}:
        told, note = _payment(doubt, answer)
    elif doubt.kind in {LedgerKind.refund, LedgerKind.refund_failed}:
        told, note = _refunds(doubt, answer), ""
    elif doubt.kind == LedgerKind.fee:
        told, note = _fee(answer), ""
    else:
        told, note = _dispute(doubt, answer)
    if told and (told.amount, told.currency) == (doubt.ledger.amount, doubt.ledger.currency):
        return None
    return replace(doubt, stripe=told, unconfirmed=False, note=note)


def _payment(doubt: Discrepancy, answer: StripeAnswer) -> tuple[ReportedAmount | None, str]:
    fact = answer.payment
    if fact is None:
        return None, ""
    intent, charge = fact.intent, fact.charge
    succeeded = intent.status == "succeeded"
    returned = charge is not None and charge.returned
    amount = intent.amount_received if succeeded else 0
    if charge and returned:
        amount = charge.amount
    if doubt.kind == LedgerKind.payment_reversed:
        taken_back = doubt.ledger.amount if doubt.ledger else 0
        amount = 0 if succeeded else taken_back
    return ReportedAmount(
        amount, intent.currency, (intent.id,)
    ), f"Stripe says it is {intent.status}"


def _refunds(doubt: Discrepancy, answer: StripeAnswer) -> ReportedAmount | None:
    """Of more than the ledger has, the rest was told by the walk already, or is told by the next."""
    found = answer.refunds
    if doubt.kind == LedgerKind.refund_failed:
        named = doubt.ledger.names if doubt.ledger else ()
        found = tuple(
            one for one in found if one.id in named and one.status in {"failed", "canceled"}
        )
    if not found or doubt.ledger is None:
        return None
    total = min(sum(one.amount for one in found), doubt.ledger.amount)
    return ReportedAmount(total, found[0].currency, tuple(one.id for one in found))


def _dispute(doubt: Discrepancy, answer: StripeAnswer) -> tuple[ReportedAmount | None, str]:
    found = answer.dispute
    if found is None or doubt.ledger is None:
        return None, ""
    sign = -1 if doubt.kind == LedgerKind.dispute else 1
    total = min(_moved_by(found, sign), doubt.ledger.amount)
    return ReportedAmount(total, found.currency, (found.id,)), f"Stripe says it is {found.status}"


def _moved_by(dispute: StripeDispute, sign: int) -> int:
    """What a dispute took (`sign` -1) or gave back (1), in minor units of its own currency."""
    foreign = any(one.currency != dispute.currency for one in dispute.balance_transactions)
    if dispute.balance_transactions and not foreign:
        return sum(abs(one.amount) for one in dispute.balance_transactions if one.amount * sign > 0)
    # Without a list, or with one in another currency, the status alone tells.
    happened = dispute.status == "won" if sign > 0 else not dispute.status.startswith("warning_")
    return dispute.amount if happened else 0


def _fee(answer: StripeAnswer) -> ReportedAmount | None:
    found = answer.balance_transaction
    return ReportedAmount(found.fee, found.currency, (found.id,), found.created) if found else None
