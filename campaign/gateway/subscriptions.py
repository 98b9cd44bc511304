"""Read subscriptions and invoice payments into frozen dataclasses. Amounts are minor units per period, times UTC.

https://docs.stripe.com/api/subscriptions/object. Optional fields that are missing are read as None, never as an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaign.gateway.events import Json, read_gift_parts, read_id, read_instant


@dataclass(frozen=True)
class SubscriptionItem:
    """One item of a subscription. `total` is unit amount times quantity."""

    id: str
    product_id: str | None
    total: int
    interval: str | None


@dataclass(frozen=True)
class SubscriptionFact:
    """A subscription at one point in time.

    Since 2025-03-31.basil, `current_period_end` is on the items. `gift` and `fee_cover` are from our metadata; None if
    the metadata lacks them.
    """

    id: str
    status: str
    customer_id: str | None
    items: tuple[SubscriptionItem, ...]
    currency: str | None
    current_period_end: datetime | None
    cancel_at_period_end: bool
    cancel_at: datetime | None
    paused: bool
    resumes_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    donation_id: str | None
    gift: int | None
    fee_cover: int | None

    @property
    def total(self) -> int:
        return sum(item.total for item in self.items)

    @property
    def interval(self) -> str | None:
        return self.items[0].interval if self.items else None


@dataclass(frozen=True)
class PaymentMethods:
    """The payment method a subscription uses, and the one its customer last chose in Stripe's portal."""

    current: str | None
    selected: str | None


@dataclass(frozen=True)
class InvoicePaymentFact:
    """A payment of an invoice, or a part of it: https://docs.stripe.com/api/invoice-payment/object.

    `payment_record_id` is set if the money did not come through Stripe: it was reported or marked as paid by hand.
    `amount` is what it paid of this invoice, in minor units.
    """

    invoice_id: str
    payment_intent_id: str | None
    status: str
    payment_record_id: str | None = None
    amount: int | None = None

    @property
    def payment_id(self) -> str | None:
        return self.payment_intent_id or self.payment_record_id


def read_subscription(found: Json) -> SubscriptionFact:
    """Read a `subscription` object. Raises KeyError or TypeError if it violates Stripe's documented format."""
    listed: Sequence[Json] = (found.get("items") or {}).get("data") or ()
    pause = found.get("pause_collection") or {}
    metadata = found.get("metadata") or {}
    gift, fee_cover = read_gift_parts(metadata)
    return SubscriptionFact(
        id=found["id"],
        status=found["status"],
        customer_id=read_id(found.get("customer")),
        items=tuple(_item(item) for item in listed),
        currency=found.get("currency"),
        current_period_end=_period_end(listed),
        cancel_at_period_end=bool(found.get("cancel_at_period_end")),
        cancel_at=_moment(found.get("cancel_at")),
        paused=bool(pause),
        resumes_at=_moment(pause.get("resumes_at")),
        ended_at=_moment(found.get("ended_at")) or _moment(found.get("canceled_at")),
        end_reason=(found.get("cancellation_details") or {}).get("reason"),
        donation_id=metadata.get("donation_id"),
        gift=gift,
        fee_cover=fee_cover,
    )


def _period_end(items: Sequence[Json]) -> datetime | None:
    """Return the earliest period end of the items."""
    ends = [item["current_period_end"] for item in items if item.get("current_period_end")]
    return read_instant(min(ends)) if ends else None


def _item(item: Json) -> SubscriptionItem:
    price: Json = item.get("price") or {}
    unit, quantity = price.get("unit_amount") or 0, item.get("quantity")
    return SubscriptionItem(
        id=item["id"],
        product_id=read_id(price.get("product")),
        total=unit * (1 if quantity is None else quantity),
        interval=(price.get("recurring") or {}).get("interval"),
    )


def read_payment_methods(found: Json) -> PaymentMethods:
    """Read the payment methods of a `subscription` with an expanded customer."""
    customer: Any = found.get("customer")
    settings = customer.get("invoice_settings") if isinstance(customer, Mapping) else None
    return PaymentMethods(
        current=read_id(found.get("default_payment_method")),
        selected=read_id((settings or {}).get("default_payment_method")),
    )


def read_invoice_payment(found: Json) -> InvoicePaymentFact:
    """Read an `invoice_payment` object. `payment_intent_id` is None if something else paid the invoice."""
    payment = found.get("payment") or {}
    return InvoicePaymentFact(
        invoice_id=read_id(found["invoice"]) or "",
        payment_intent_id=read_id(payment.get("payment_intent")),
        status=found.get("status") or "",
        payment_record_id=read_id(payment.get("payment_record")),
        amount=found.get("amount_paid"),
    )


def _moment(value: Any) -> datetime | None:
    return read_instant(value) if value is not None else None
