"""Read Stripe's JSON into frozen dataclasses. Only the fields that handlers need are read; the stored body has all.

Amounts are minor units; instants are UTC. Field names follow API version 2026-10-28.endive.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from campaign.core.errors import WebhookRefused

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """A Stripe event. `object` is the JSON of the object it is about."""

    id: str
    type: str
    livemode: bool
    created: datetime
    object: Json


@dataclass(frozen=True)
class CheckoutSession:
    """A hosted checkout session. `charged_at` is set if its charge or invoice was expanded."""

    id: str
    created: datetime
    mode: str
    status: str
    payment_status: str
    url: str | None
    expires_at: datetime | None
    amount_total: int | None
    currency: str | None
    donation_id: str | None
    payment_intent_id: str | None
    subscription_id: str | None
    invoice_id: str | None
    charged_at: datetime | None


@dataclass(frozen=True)
class PaymentIntent:
    """A payment intent. `donation_id` is None for those that belong to an invoice."""

    id: str
    created: datetime
    status: str
    amount_received: int
    currency: str
    donation_id: str | None
    failure: str | None


@dataclass(frozen=True)
class Invoice:
    """An invoice of a subscription. `first`: it is the subscription's first invoice.

    `credit_used` is what the customer's credit balance at Stripe paid of it. `gift` and `fee_cover` are from the
    subscription's metadata when the invoice was finalized, or None. `pay_url` is Stripe's page where it can be paid
    with another card; `attempts` counts the payment attempts so far.
    """

    id: str
    first: bool
    amount_paid: int
    currency: str
    subscription_id: str | None
    donation_id: str | None
    paid_at: datetime | None
    status: str = ""
    customer_id: str | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    pay_url: str | None = None
    period_end: datetime | None = None
    gift: int | None = None
    fee_cover: int | None = None
    credit_used: int = 0


def read_event(body: bytes) -> Event:
    """Parse the event in `body`; raises WebhookRefused if it is not a Stripe event."""
    try:
        found = json.loads(body.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise WebhookRefused("The body is not JSON in UTF-8.") from None
    try:
        event = Event(
            id=_text(found["id"]),
            type=_text(found["type"]),
            livemode=found["livemode"],
            created=read_instant(found["created"]),
            object=found["data"]["object"],
        )
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise WebhookRefused("The body is not a Stripe event.") from None
    if not isinstance(event.livemode, bool) or not isinstance(event.object, dict):
        raise WebhookRefused("The body is not a Stripe event.")
    return event


def read_checkout_session(found: Json) -> CheckoutSession:
    """Read a `checkout.session` object. Raises KeyError or TypeError if it violates Stripe's documented format."""
    metadata = found.get("metadata") or {}
    expires_at = found.get("expires_at")
    return CheckoutSession(
        id=found["id"],
        created=read_instant(found["created"]),
        mode=found["mode"],
        status=found.get("status") or "",
        payment_status=found["payment_status"],
        url=found.get("url"),
        expires_at=read_instant(expires_at) if expires_at else None,
        amount_total=found.get("amount_total"),
        currency=found.get("currency"),
        donation_id=metadata.get("donation_id") or found.get("client_reference_id"),
        payment_intent_id=read_id(found.get("payment_intent")),
        subscription_id=read_id(found.get("subscription")),
        invoice_id=read_id(found.get("invoice")),
        charged_at=_charged_at(found),
    )


def _charged_at(session: Json) -> datetime | None:
    """Return when an expanded session was charged: the time of its charge or of its invoice's payment."""
    intent = session.get("payment_intent")
    if isinstance(intent, dict) and isinstance(intent.get("latest_charge"), dict):
        return read_instant(intent["latest_charge"]["created"])
    invoice = session.get("invoice")
    if isinstance(invoice, dict):
        return _invoice_paid_at(invoice)
    return None


def read_payment_intent(found: Json) -> PaymentIntent:
    """Read a `payment_intent` object."""
    error = found.get("last_payment_error") or {}
    return PaymentIntent(
        id=found["id"],
        created=read_instant(found["created"]),
        status=found["status"],
        amount_received=found.get("amount_received") or 0,
        currency=found["currency"],
        donation_id=(found.get("metadata") or {}).get("donation_id"),
        failure=error.get("decline_code") or error.get("code"),
    )


def read_invoice(found: Json) -> Invoice:
    """Read an `invoice` object. Since 2025-03-31.basil the subscription is in `parent.subscription_details`."""
    parent = found.get("parent") or {}
    details = parent.get("subscription_details") or {}
    metadata = details.get("metadata") or {}
    next_attempt, period_end = found.get("next_payment_attempt"), found.get("period_end")
    gift, fee_cover = read_gift_parts(metadata)
    return Invoice(
        id=found["id"],
        first=found.get("billing_reason") == "subscription_create",
        amount_paid=found["amount_paid"],
        currency=found["currency"],
        subscription_id=read_id(details.get("subscription")),
        donation_id=metadata.get("donation_id"),
        paid_at=_invoice_paid_at(found),
        status=found.get("status") or "",
        customer_id=read_id(found.get("customer")),
        attempts=found.get("attempt_count") or 0,
        next_attempt_at=read_instant(next_attempt) if next_attempt else None,
        pay_url=found.get("hosted_invoice_url"),
        period_end=read_instant(period_end) if period_end else None,
        gift=gift,
        fee_cover=fee_cover,
        credit_used=_credit_used(found),
    )


def _credit_used(invoice: Json) -> int:
    """Return what a customer's credit paid. A negative balance is credit: https://docs.stripe.com/billing/customer/balance."""
    started, ended = invoice.get("starting_balance") or 0, invoice.get("ending_balance") or 0
    return max(0, min(0, ended) - min(0, started))


def read_gift_parts(metadata: Json) -> tuple[int | None, int | None]:
    """Return (gift, covered fees) in minor units from a subscription's metadata; (None, None) if either is missing."""
    gift, fee_cover = str(metadata.get("gift") or ""), str(metadata.get("cover") or "")
    if gift.isdecimal() and gift.isascii() and fee_cover.isdecimal() and fee_cover.isascii():
        return int(gift), int(fee_cover)
    return None, None


def _invoice_paid_at(invoice: Json) -> datetime | None:
    paid_at = (invoice.get("status_transitions") or {}).get("paid_at")
    return read_instant(paid_at) if paid_at else None


def read_id(value: Any) -> str | None:
    """Return the id of an object that Stripe sends either as an id or, expanded, as the object."""
    if isinstance(value, dict):
        return str(value["id"])
    return value or None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > 255 or not value.isprintable():
        raise ValueError(value)
    return value


def read_instant(value: Any) -> datetime:
    """Convert Stripe's Unix time in whole seconds; raises TypeError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    return datetime.fromtimestamp(value, UTC)
