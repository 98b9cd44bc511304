"""What moved Stripe's balance, as the ledger would call it. For the services of fees and reconciliation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaign.gateway import BalanceTransaction
from campaign.models import LedgerKind

_KINDS = {
    ("charge", 1): LedgerKind.payment,
    ("charge", -1): LedgerKind.payment_reversed,
    ("refund", -1): LedgerKind.refund,
    ("refund", 1): LedgerKind.refund_failed,
    ("dispute", -1): LedgerKind.dispute,
    ("dispute", 1): LedgerKind.dispute_reversed,
}


@dataclass(frozen=True)
class PaymentTransaction:
    """A movement of a payment. `amount` is unsigned minor units of `currency`, the one the donor paid in; `fee` is in
    the balance's. `kind` is what the ledger calls it, `fee` where only a fee moved.

    `public_id` is the donation named in the charge's metadata. `bare`: a charge without a customer, so no invoice's.
    """

    id: str
    kind: str
    amount: int
    currency: str
    fee: int
    fee_currency: str
    created: datetime
    source_id: str
    payment_intent_id: str
    public_id: str | None
    bare: bool
    source: dict[str, Any]


def _is_of_a_payment(source: Mapping[str, Any]) -> bool:
    """Whether it is a charge that was made, a refund or a dispute, and of a payment intent."""
    what = source.get("object")
    if not source.get("payment_intent") or what not in {"charge", "refund", "dispute"}:
        return False
    return what != "charge" or source.get("status") != "pending"


def map_balance_transaction(found: BalanceTransaction) -> PaymentTransaction | None:
    """`found` as the ledger would call it; None for payouts, Stripe's own bills and whatever is no payment's.

    A debit that is only promised may show in the balance already, and has not moved anything. Where the balance is
    kept in another currency than the donor paid in, the source tells the amount.
    """
    source = found.source or {}
    if not _is_of_a_payment(source):
        return None
    what = source["object"]
    sign = (found.amount > 0) - (found.amount < 0)
    kind = _KINDS[what, sign] if sign else LedgerKind.fee
    same = source["currency"] == found.currency
    amount = abs(found.amount) if same or not sign else source["amount"]
    named = (source.get("metadata") or {}).get("donation_id") if what == "charge" else None
    return PaymentTransaction(
        id=found.id,
        kind=kind.value,
        amount=amount,
        currency=source["currency"],
        fee=found.fee,
        fee_currency=found.currency,
        created=found.created,
        source_id=source["id"],
        payment_intent_id=source["payment_intent"],
        public_id=named,
        bare=what == "charge" and not source.get("customer"),
        source=dict(source),
    )
