"""Map Stripe's balance transactions to the ledger's terms. Fees and reconciliation use this."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from campaign.gateway import BalanceTransaction
from campaign.ledger.dispute_movements import MovementMeaning, fee_of, meaning_of
from campaign.models import LedgerKind

_KINDS = {
    ("charge", 1): LedgerKind.payment,
    ("charge", -1): LedgerKind.payment_reversed,
    ("refund", -1): LedgerKind.refund,
    ("refund", 1): LedgerKind.refund_failed,
}
_DISPUTE_KINDS = {
    MovementMeaning.withdrawal: LedgerKind.dispute,
    MovementMeaning.reversal: LedgerKind.dispute_reversed,
    MovementMeaning.fee: LedgerKind.fee,
    MovementMeaning.other: LedgerKind.dispute_gain_loss,
}


@dataclass(frozen=True)
class PaymentTransaction:
    """A payment's balance transaction, in the ledger's terms.

    `amount` is unsigned minor units of `currency`, the currency the donor paid in; `fee` is minor units of
    `fee_currency`, the balance's currency. `kind` is a ledger kind: `fee` if only a fee moved. For a dispute it is the
    meaning of the transaction; how much of it is the gift's, only the dispute as a whole says. `public_id` is the
    donation id in the charge's metadata. `bare`: the charge has no customer, so it did not pay an invoice.
    `settled_amount` is what the balance got or lost: signed minor units of `fee_currency`; `exchange_rate` is Stripe's.
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
    settled_amount: int = 0
    exchange_rate: Decimal | None = None

    @property
    def converted(self) -> bool:
        """Whether Stripe settled it in another currency than the donor paid in."""
        return self.settled_amount != 0 and self.fee_currency != self.currency


def _is_of_a_payment(source: Mapping[str, Any]) -> bool:
    """Return whether the source is a refund, a dispute or a charge that is not pending, and has a payment intent."""
    what = source.get("object")
    if not source.get("payment_intent") or what not in {"charge", "refund", "dispute"}:
        return False
    return what != "charge" or source.get("status") != "pending"


def map_balance_transaction(found: BalanceTransaction) -> PaymentTransaction | None:
    """Map `found` to the ledger's terms; None if it belongs to no payment (payouts, Stripe's own charges).

    A pending debit may already appear in the balance, but no money has moved. If the balance is in another currency
    than the payment, the amount comes from the source.
    """
    source = found.source or {}
    if not _is_of_a_payment(source):
        return None
    what = source["object"]
    kind, fee = _kind_and_fee(found, what)
    same = source["currency"] == found.currency
    amount = abs(found.amount) if same or not found.amount else source["amount"]
    settled = found.amount
    if kind == LedgerKind.fee:
        amount = settled = 0
    named = (source.get("metadata") or {}).get("donation_id") if what == "charge" else None
    return PaymentTransaction(
        id=found.id,
        kind=kind.value,
        amount=amount,
        currency=source["currency"],
        fee=fee,
        fee_currency=found.currency,
        created=found.created,
        source_id=source["id"],
        payment_intent_id=source["payment_intent"],
        public_id=named,
        bare=what == "charge" and not source.get("customer"),
        source=_with_movement(source, found) if what == "dispute" else dict(source),
        settled_amount=settled,
        exchange_rate=found.exchange_rate,
    )


def _kind_and_fee(found: BalanceTransaction, what: str) -> tuple[LedgerKind, int]:
    if what == "dispute" and (found.amount or found.category):
        meaning = meaning_of(found.category, found.amount)
        return _DISPUTE_KINDS[meaning], fee_of(found.category, found.amount, found.fee)
    sign = (found.amount > 0) - (found.amount < 0)
    return _KINDS[what, sign] if sign else LedgerKind.fee, found.fee


def _with_movement(dispute: Mapping[str, Any], found: BalanceTransaction) -> dict[str, Any]:
    """Return the dispute with this transaction in its list: Stripe lists two at most, and later ones may be missing."""
    listed = list(dispute.get("balance_transactions") or ())
    if not any(isinstance(one, Mapping) and one.get("id") == found.id for one in listed):
        listed.append(
            {
                "id": found.id,
                "amount": found.amount,
                "fee": found.fee,
                "currency": found.currency,
                "created": int(found.created.timestamp()),
                "reporting_category": found.category,
                "type": found.kind,
            }
        )
    return {**dispute, "balance_transactions": listed}
