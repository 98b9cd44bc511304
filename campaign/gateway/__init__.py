"""The only room that knows Stripe's SDK: calls out, webhooks in, both as frozen dataclasses of our own.

`StripeGateway` is a class so that another may be given in its place.
"""

from campaign.gateway.balance_transactions import PaymentFact
from campaign.gateway.client import PATIENCE, TIMEOUT, StripeGateway, UndeliveredEvent
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
from campaign.gateway.languages import stripe_language
from campaign.gateway.refunds_disputes import (
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
from campaign.gateway.subscriptions import (
    Cards,
    InvoicePayment,
    SubscriptionFact,
    SubscriptionItem,
    read_invoice_payment,
    read_subscription,
)
from campaign.gateway.webhook_signature import verified_event

__all__ = [
    "PATIENCE",
    "TIMEOUT",
    "Cards",
    "CheckoutSession",
    "Event",
    "Invoice",
    "InvoicePayment",
    "Movement",
    "PaymentFact",
    "PaymentIntent",
    "StripeCharge",
    "StripeDispute",
    "StripeFraudWarning",
    "StripeGateway",
    "StripeRefund",
    "SubscriptionFact",
    "SubscriptionItem",
    "UndeliveredEvent",
    "read_charge",
    "read_checkout_session",
    "read_dispute",
    "read_event",
    "read_fraud_warning",
    "read_invoice",
    "read_invoice_payment",
    "read_movement",
    "read_payment_intent",
    "read_refund",
    "read_subscription",
    "stripe_language",
    "verified_event",
]
