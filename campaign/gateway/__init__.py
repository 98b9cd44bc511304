"""The only room that knows Stripe's SDK: calls out, webhooks in, both as frozen dataclasses of our own.

`StripeGateway` is a class so that another may be given in its place.
"""

from campaign.gateway.client import StripeGateway, UndeliveredEvent
from campaign.gateway.events import (
    CheckoutSession,
    Event,
    Invoice,
    PaymentIntent,
    read_checkout_session,
    read_event,
    read_invoice,
    read_payment_intent,
)
from campaign.gateway.webhooks import verified_event

__all__ = [
    "CheckoutSession",
    "Event",
    "Invoice",
    "PaymentIntent",
    "StripeGateway",
    "UndeliveredEvent",
    "read_checkout_session",
    "read_event",
    "read_invoice",
    "read_payment_intent",
    "verified_event",
]
