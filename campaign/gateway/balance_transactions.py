"""Read-only calls about Stripe's balance transactions and the payments behind them.

The JSON is used as Stripe sent it: the SDK's objects convert some values to other types.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import stripe

from campaign.gateway.answers import PAGE, listed, raw_answer
from campaign.gateway.events import (
    Invoice,
    Json,
    PaymentIntent,
    read_id,
    read_instant,
    read_invoice,
    read_payment_intent,
)
from campaign.gateway.gift_origins import GiftOrigin, read_payer, read_session_origin
from campaign.gateway.payers import Payer
from campaign.gateway.payment_details import (
    DisputeDetails,
    PaymentDetails,
    read_dispute_details,
    read_payment_details,
)
from campaign.gateway.payment_facts import PaymentFact
from campaign.gateway.refunds_disputes import (
    BalanceTransaction,
    StripeCharge,
    StripeDispute,
    StripeRefund,
    read_balance_transaction,
    read_charge,
    read_dispute,
    read_refund,
)
from campaign.gateway.subscriptions import InvoicePaymentFact, read_invoice_payment

if TYPE_CHECKING:
    from stripe.params import (
        BalanceTransactionListParams,
        InvoicePaymentListParams,
        PaymentIntentListParams,
        PaymentIntentUpdateParams,
        RefundListParams,
    )
    from stripe.params.checkout import SessionListParams


_KEPT_FIELDS = frozenset(
    {"id", "object", "created", "status", "amount", "amount_refunded", "currency", "customer"}
    | {"payment_intent", "charge", "metadata", "failure_balance_transaction", "reason"}
    | {"failure_reason", "evidence_details", "balance_transactions"}
)
"""The fields we keep of a balance transaction's source; the donor's name and address are dropped."""


class PaymentsClient:
    """Stripe's balance and payments. Each call may raise GatewayUnavailable, GatewayMissing or GatewayRefused."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def list_balance_transactions(
        self, since: datetime, until: datetime | None = None
    ) -> Iterator[BalanceTransaction]:
        """Yield the balance transactions from `since` up to but excluding `until`, newest first, with their sources.

        Pages are fetched one at a time as needed; any of them may raise.
        """
        created: dict[str, int] = {"gte": int(since.timestamp())}
        if until is not None:
            created["lt"] = int(until.timestamp())
        asked: BalanceTransactionListParams = {
            "created": created,  # type: ignore[typeddict-item] # it has the shape of the SDK's type
            "expand": ["data.source"],
            "limit": PAGE,
        }
        for found in listed(lambda: self._client.v1.balance_transactions.list(params=asked), asked):
            yield _read_listed(found)

    def retrieve_balance_transaction(self, movement_id: str) -> BalanceTransaction:
        """Return one balance transaction with its source."""
        found = raw_answer(
            lambda: self._client.v1.balance_transactions.retrieve(
                movement_id, params={"expand": ["source"]}
            )
        )
        return _read_listed(found)

    def retrieve_payment(self, payment_intent_id: str) -> PaymentFact:
        """Return a payment intent with its latest charge."""
        found = raw_answer(
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
        """Return the invoice that a payment intent pays; None if it pays none."""
        asked: InvoicePaymentListParams = {
            "payment": {"type": "payment_intent", "payment_intent": payment_intent_id},
            "expand": ["data.invoice"],
            "limit": 1,
        }
        page = raw_answer(lambda: self._client.v1.invoice_payments.list(params=asked))
        for found in page["data"]:
            if isinstance(found.get("invoice"), Mapping):
                return read_invoice(found["invoice"])
        return None

    def list_invoice_payments(self, invoice_id: str) -> tuple[InvoicePaymentFact, ...]:
        """Return the payments that paid an invoice, at most 100, oldest first: it may be paid in parts."""
        asked: InvoicePaymentListParams = {"invoice": invoice_id, "status": "paid", "limit": PAGE}
        page = raw_answer(lambda: self._client.v1.invoice_payments.list(params=asked))
        return tuple(read_invoice_payment(found) for found in reversed(page["data"]))

    def retrieve_charge(self, charge_id: str) -> StripeCharge:
        """Return a charge as it is now."""
        found = raw_answer(lambda: self._client.v1.charges.retrieve(charge_id))
        return read_charge(found, read_instant(found["created"]))

    def retrieve_invoice(self, invoice_id: str) -> Invoice:
        """Return an invoice as it is now."""
        return read_invoice(raw_answer(lambda: self._client.v1.invoices.retrieve(invoice_id)))

    def list_payment_intents(self, since: datetime) -> Iterator[PaymentIntent]:
        """Yield the payment intents created at `since` or later, newest first, one page at a time."""
        asked: PaymentIntentListParams = {
            "created": {"gte": int(since.timestamp())},
            "limit": PAGE,
        }
        for found in listed(lambda: self._client.v1.payment_intents.list(params=asked), asked):
            yield read_payment_intent(found)

    def update_payment(
        self, payment_intent_id: str, parameters: Mapping[str, Any], idempotency_key: str
    ) -> str:
        """Write metadata and description of a payment intent, and return its id.

        https://docs.stripe.com/api/payment_intents/update. Other keys of the metadata are kept.
        """
        # Loaded from our own table, which stores this shape.
        asked: PaymentIntentUpdateParams = parameters  # type: ignore[assignment]
        found = raw_answer(
            lambda: self._client.v1.payment_intents.update(
                payment_intent_id, params=asked, options={"idempotency_key": idempotency_key}
            )
        )
        return str(found["id"])

    def find_origin(self, **paid: str) -> GiftOrigin | None:
        """Return what the checkout session says about a gift; None if no session led to it.

        Give `payment_intent` or `subscription`: the id of what the session created.
        """
        # The keyword is a filter of the list: https://docs.stripe.com/api/checkout/sessions/list.
        asked = cast("SessionListParams", {**paid, "limit": 1})
        page = raw_answer(lambda: self._client.v1.checkout.sessions.list(params=asked))
        return next((read_session_origin(one) for one in page["data"]), None)

    def retrieve_payer(self, payment_intent_id: str) -> Payer:
        """Return who paid, as the charge's billing details say."""
        found = raw_answer(
            lambda: self._client.v1.payment_intents.retrieve(
                payment_intent_id, params={"expand": ["latest_charge", "customer"]}
            )
        )
        return read_payer(found)

    def retrieve_payment_details(self, payment_intent_id: str) -> PaymentDetails | None:
        """Return who paid and what the bank checked; None if nothing was charged."""
        found = raw_answer(
            lambda: self._client.v1.payment_intents.retrieve(
                payment_intent_id, params={"expand": ["latest_charge"]}
            )
        )
        charge: Any = found.get("latest_charge")
        return read_payment_details(charge) if isinstance(charge, Mapping) else None

    def retrieve_dispute_details(self, dispute_id: str) -> DisputeDetails:
        """Return what the bank says about a dispute."""
        return read_dispute_details(
            raw_answer(lambda: self._client.v1.disputes.retrieve(dispute_id))
        )

    def list_refunds(self, payment_intent_id: str) -> tuple[StripeRefund, ...]:
        """Return a payment's refunds in any status, at most 100."""
        asked: RefundListParams = {"payment_intent": payment_intent_id, "limit": PAGE}
        page = raw_answer(lambda: self._client.v1.refunds.list(params=asked))
        return tuple(read_refund(one, read_instant(one["created"])) for one in page["data"])

    def retrieve_dispute(self, dispute_id: str) -> StripeDispute:
        """Return a dispute as it is now."""
        found = raw_answer(lambda: self._client.v1.disputes.retrieve(dispute_id))
        return read_dispute(found, read_instant(found["created"]))


def _read_listed(found: Json) -> BalanceTransaction:
    source: Any = found.get("source")
    if isinstance(source, Mapping):
        source = {name: value for name, value in source.items() if name in _KEPT_FIELDS}
        for name in ("customer", "payment_intent", "charge"):
            source[name] = read_id(source.get(name))
    return read_balance_transaction({**found, "source": source}, read_instant(found["created"]))
