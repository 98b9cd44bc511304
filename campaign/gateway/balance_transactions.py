"""Calls about money at Stripe: what moved the balance, and the payments behind it. They only read.

JSON is taken as Stripe sent it: the SDK's objects turn some members into other types.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import stripe

from campaign.gateway.error_mapping import translate_errors
from campaign.gateway.events import (
    Invoice,
    Json,
    read_id,
    read_instant,
    read_invoice,
    read_payment_intent,
)
from campaign.gateway.payment_facts import PaymentFact
from campaign.gateway.refunds_disputes import (
    BalanceTransaction,
    StripeDispute,
    StripeRefund,
    read_balance_transaction,
    read_charge,
    read_dispute,
    read_refund,
)
from campaign.gateway.subscriptions import read_invoice_payment

if TYPE_CHECKING:
    from stripe.params import (
        BalanceTransactionListParams,
        InvoicePaymentListParams,
        RefundListParams,
    )

_PAGE = 100
"""Stripe's limit for one list."""

_KEPT = frozenset(
    {"id", "object", "created", "status", "amount", "amount_refunded", "currency", "customer"}
    | {"payment_intent", "charge", "metadata", "failure_balance_transaction", "reason"}
    | {"failure_reason", "evidence_details", "balance_transactions"}
)
"""What our readers read of a movement's source: a donor's name and address stay at Stripe."""


class PaymentsClient:
    """Stripe's balance and payments. Each call may raise GatewayUnavailable, GatewayMissing or GatewayRefused."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def list_balance_transactions(
        self, since: datetime, until: datetime | None = None
    ) -> Iterator[BalanceTransaction]:
        """What moved the balance at `since` or later and before `until`, newest first, each with its source.

        One page is held at once and asked for when the last is used up; any page may raise.
        """
        created: dict[str, int] = {"gte": int(since.timestamp())}
        if until is not None:
            created["lt"] = int(until.timestamp())
        asked: BalanceTransactionListParams = {
            "created": created,  # type: ignore[typeddict-item] # its shape is that of the SDK's type
            "expand": ["data.source"],
            "limit": _PAGE,
        }
        more = True
        while more:
            page = _raw(lambda: self._client.v1.balance_transactions.list(params=asked))
            for found in page["data"]:
                yield _read_listed(found)
                asked["starting_after"] = found["id"]
            more = page["has_more"] and page["data"]

    def retrieve_balance_transaction(self, movement_id: str) -> BalanceTransaction:
        """One movement of the balance, with its source."""
        found = _raw(
            lambda: self._client.v1.balance_transactions.retrieve(
                movement_id, params={"expand": ["source"]}
            )
        )
        return _read_listed(found)

    def retrieve_payment(self, payment_intent_id: str) -> PaymentFact:
        """A payment intent with its latest charge."""
        found = _raw(
            lambda: self._client.v1.payment_intents.retrieve(
                payment_intent_id, params={"expand": ["latest_charge.balance_transaction"]}
            )
        )
        intent = read_payment_intent(found)
        charge: Any = found.get("latest_charge")
        if not isinstance(charge, Mapping):
            return PaymentFact(intent, None, None)
        moved: Any = charge.get("balance_transaction")
        return PaymentFact(
            intent,
            read_charge(charge, intent.created),
            _read_listed({**moved, "source": charge}) if isinstance(moved, Mapping) else None,
        )

    def find_invoice_for_payment(self, payment_intent_id: str) -> Invoice | None:
        """The invoice that a payment intent pays, if it pays one."""
        asked: InvoicePaymentListParams = {
            "payment": {"type": "payment_intent", "payment_intent": payment_intent_id},
            "expand": ["data.invoice"],
            "limit": 1,
        }
        page = _raw(lambda: self._client.v1.invoice_payments.list(params=asked))
        for found in page["data"]:
            if isinstance(found.get("invoice"), Mapping):
                return read_invoice(found["invoice"])
        return None

    def find_payment_for_invoice(self, invoice_id: str) -> str | None:
        """The id of the payment intent that paid an invoice, if one did."""
        asked: InvoicePaymentListParams = {"invoice": invoice_id, "status": "paid", "limit": _PAGE}
        page = _raw(lambda: self._client.v1.invoice_payments.list(params=asked))
        told = (read_invoice_payment(found).payment_intent_id for found in page["data"])
        return next((name for name in told if name), None)

    def list_refunds(self, payment_intent_id: str) -> tuple[StripeRefund, ...]:
        """A payment's refunds, at most a hundred, whatever became of them."""
        asked: RefundListParams = {"payment_intent": payment_intent_id, "limit": _PAGE}
        page = _raw(lambda: self._client.v1.refunds.list(params=asked))
        return tuple(read_refund(one, read_instant(one["created"])) for one in page["data"])

    def retrieve_dispute(self, dispute_id: str) -> StripeDispute:
        """A dispute as it stands."""
        found = _raw(lambda: self._client.v1.disputes.retrieve(dispute_id))
        return read_dispute(found, read_instant(found["created"]))


def _read_listed(found: Json) -> BalanceTransaction:
    source: Any = found.get("source")
    if isinstance(source, Mapping):
        source = {name: value for name, value in source.items() if name in _KEPT}
        for name in ("customer", "payment_intent", "charge"):
            source[name] = read_id(source.get(name))
    return read_balance_transaction({**found, "source": source}, read_instant(found["created"]))


def _raw(call: Callable[[], Any]) -> Json:
    """The answer as Stripe sent it."""
    answer = translate_errors(call)
    # The SDK leaves it empty only in objects made by hand.
    return cast("Json", cast("stripe.StripeResponse", answer.last_response).data)
