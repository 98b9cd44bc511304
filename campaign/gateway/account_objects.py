"""Read-only calls about payments and subscriptions that began elsewhere: Payment Links, the dashboard, other systems.

The JSON is used as Stripe sent it. Instants are UTC, amounts minor units.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import stripe

from campaign.gateway.answers import PAGE, listed, raw_answer
from campaign.gateway.events import (
    CheckoutSession,
    Invoice,
    Json,
    PaymentIntent,
    read_checkout_session,
    read_id,
    read_instant,
    read_invoice,
    read_payment_intent,
)
from campaign.gateway.payers import Payer
from campaign.gateway.refunds_disputes import (
    StripeCharge,
    StripeDispute,
    read_charge,
    read_dispute,
)
from campaign.gateway.subscriptions import (
    InvoicePaymentFact,
    SubscriptionFact,
    read_invoice_payment,
    read_subscription,
)

if TYPE_CHECKING:
    from stripe.params import (
        DisputeListParams,
        InvoiceListParams,
        PaymentIntentListParams,
        SubscriptionListParams,
    )


@dataclass(frozen=True)
class AccountPayment:
    """A payment intent with its charge, refunds (in the charge) and disputes.

    `metadata` is whatever somebody wrote.
    """

    intent: PaymentIntent
    livemode: bool
    charge: StripeCharge | None
    disputes: tuple[StripeDispute, ...]
    payer: Payer
    description: str
    metadata: Mapping[str, str]
    customer_id: str | None = None
    """Without a customer, it paid no invoice."""


@dataclass(frozen=True)
class AccountInvoice:
    """An invoice with the payments that paid it."""

    invoice: Invoice
    livemode: bool
    payments: tuple[InvoicePaymentFact, ...]
    payer: Payer
    description: str


@dataclass(frozen=True)
class AccountSubscription:
    """A subscription. `every` is how many of its intervals lie between two charges."""

    fact: SubscriptionFact
    livemode: bool
    created: datetime
    every: int
    payer: Payer
    description: str
    metadata: Mapping[str, str]


class AccountObjectsClient:
    """What the account has. Each call may raise GatewayUnavailable, GatewayMissing or GatewayRefused."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def retrieve_payment(self, payment_intent_id: str) -> AccountPayment:
        """Return a payment with its charge, refunds and disputes."""
        expand = ["customer", "latest_charge.refunds"]
        found = raw_answer(
            lambda: self._client.v1.payment_intents.retrieve(
                payment_intent_id, params={"expand": expand}
            )
        )
        payment = _read_payment(found)
        charge: Any = found.get("latest_charge")
        if not isinstance(charge, Mapping) or not charge.get("disputed"):
            return payment
        return _with_disputes(payment, self._disputes(charge["id"]))

    def _disputes(self, charge_id: str) -> tuple[StripeDispute, ...]:
        asked: DisputeListParams = {"charge": charge_id, "limit": PAGE}
        page = raw_answer(lambda: self._client.v1.disputes.list(params=asked))
        return tuple(read_dispute(one, read_instant(one["created"])) for one in page["data"])

    def find_charges_payment(self, charge_id: str) -> str | None:
        """Return the payment intent of a charge; None for one of Stripe's old Charges API."""
        found = raw_answer(lambda: self._client.v1.charges.retrieve(charge_id))
        return read_id(found.get("payment_intent"))

    def retrieve_session(self, session_id: str) -> CheckoutSession:
        """Return a checkout session as it is now."""
        return read_checkout_session(
            raw_answer(lambda: self._client.v1.checkout.sessions.retrieve(session_id))
        )

    def retrieve_invoice(self, invoice_id: str) -> AccountInvoice:
        """Return an invoice with its payments."""
        return _read_invoice(
            raw_answer(
                lambda: self._client.v1.invoices.retrieve(
                    invoice_id, params={"expand": ["customer", "payments"]}
                )
            )
        )

    def retrieve_subscription(self, subscription_id: str) -> AccountSubscription:
        """Return a subscription with its customer."""
        return _read_subscription(
            raw_answer(
                lambda: self._client.v1.subscriptions.retrieve(
                    subscription_id, params={"expand": ["customer"]}
                )
            )
        )

    def list_paid_invoices(self, subscription_id: str) -> list[AccountInvoice]:
        """Return the paid invoices of a subscription, oldest first."""
        asked: InvoiceListParams = {
            "subscription": subscription_id,
            "status": "paid",
            "limit": PAGE,
            "expand": ["data.customer", "data.payments"],
        }
        found = [
            _read_invoice(one)
            for one in listed(lambda: self._client.v1.invoices.list(params=asked), asked)
        ]
        return found[::-1]

    def list_payments(
        self, since: datetime | None, until: datetime | None, after: str | None = None
    ) -> Iterator[AccountPayment]:
        """Yield the account's payments, newest first; pages are fetched as needed. Disputes are left out.

        `after`: only those older than this one.
        """
        asked: PaymentIntentListParams = {
            "limit": PAGE,
            "expand": ["data.customer", "data.latest_charge"],
        }
        if after:
            asked["starting_after"] = after
        bounds = _bounds(since, until)
        if bounds:
            asked["created"] = bounds
        for one in listed(lambda: self._client.v1.payment_intents.list(params=asked), asked):
            yield _read_payment(one)

    def list_subscriptions(
        self, since: datetime | None, until: datetime | None, after: str | None = None
    ) -> Iterator[AccountSubscription]:
        """Yield the account's subscriptions, also canceled ones, newest first; otherwise as `list_payments`."""
        asked: SubscriptionListParams = {
            "limit": PAGE,
            "status": "all",
            "expand": ["data.customer"],
        }
        if after:
            asked["starting_after"] = after
        bounds = _bounds(since, until)
        if bounds:
            asked["created"] = bounds
        for one in listed(lambda: self._client.v1.subscriptions.list(params=asked), asked):
            yield _read_subscription(one)


def _bounds(since: datetime | None, until: datetime | None) -> Any:
    bounds = {}
    if since is not None:
        bounds["gte"] = int(since.timestamp())
    if until is not None:
        bounds["lt"] = int(until.timestamp())
    return bounds


def _read_payment(found: Json) -> AccountPayment:
    intent = read_payment_intent(found)
    charge: Any = found.get("latest_charge")
    known = isinstance(charge, Mapping)
    details: Any = (charge.get("billing_details") or {}) if known else {}
    payer = Payer(
        details.get("email") or found.get("receipt_email") or "", details.get("name") or ""
    )
    return AccountPayment(
        intent=intent,
        livemode=bool(found.get("livemode")),
        charge=read_charge(charge, intent.created) if known else None,
        disputes=(),
        payer=payer.or_else(_customer(found)),
        description=found.get("description") or "",
        metadata=dict(found.get("metadata") or {}),
        customer_id=read_id(found.get("customer")),
    )


def _with_disputes(payment: AccountPayment, found: tuple[StripeDispute, ...]) -> AccountPayment:
    return AccountPayment(**{**payment.__dict__, "disputes": found})


def _read_invoice(found: Json) -> AccountInvoice:
    listed: Any = (found.get("payments") or {}).get("data") or ()
    payer = Payer(found.get("customer_email") or "", found.get("customer_name") or "")
    return AccountInvoice(
        invoice=read_invoice(found),
        livemode=bool(found.get("livemode")),
        payments=tuple(read_invoice_payment(one) for one in listed if one["status"] == "paid"),
        payer=payer.or_else(_customer(found)),
        description=found.get("description") or "",
    )


def _read_subscription(found: Json) -> AccountSubscription:
    items: Any = (found.get("items") or {}).get("data") or ()
    recurring = [((one.get("price") or {}).get("recurring") or {}) for one in items]
    return AccountSubscription(
        fact=read_subscription(found),
        livemode=bool(found.get("livemode")),
        created=read_instant(found["created"]),
        every=max((one.get("interval_count") or 1 for one in recurring), default=1),
        payer=_customer(found),
        description=found.get("description") or "",
        metadata=dict(found.get("metadata") or {}),
    )


def _customer(found: Json) -> Payer:
    customer: Any = found.get("customer")
    if not isinstance(customer, Mapping):
        return Payer()
    languages = customer.get("preferred_locales") or ()
    return Payer(
        customer.get("email") or "",
        customer.get("name") or "",
        next(iter(languages), ""),
    )
