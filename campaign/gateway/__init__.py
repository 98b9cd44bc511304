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
from campaign.gateway.returns import (
    Movement,
    StripeCharge,
    StripeDispute,
    StripeFraudWarning,
    StripeRefund,
    read_charge,
    read_dispute,
    read_fraud_warning,
    read_movement,
    read_refund,
)
from campaign.gateway.webhooks import verified_event

__all__ = [
    "CheckoutSession",
    "Event",
    "Invoice",
    "Movement",
    "PaymentIntent",
    "StripeCharge",
    "StripeDispute",
    "StripeFraudWarning",
    "StripeGateway",
    "StripeRefund",
    "UndeliveredEvent",
    "read_charge",
    "read_checkout_session",
    "read_dispute",
    "read_event",
    "read_fraud_warning",
    "read_invoice",
    "read_movement",
    "read_payment_intent",
    "read_refund",
    "verified_event",
]
