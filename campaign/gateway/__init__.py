"""The only room that knows Stripe's SDK: calls out, webhooks in, both as frozen dataclasses of our own.

What is known of Stripe's objects stands here. What loads the SDK itself is imported from its module, so that most
commands need not wait for it: `client.StripeGateway`, a class so that another may be given in its place, and
`webhook_signature.verified_event`.
"""

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
from campaign.gateway.payment_facts import PaymentFact
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
    InvoicePaymentFact,
    SubscriptionFact,
    SubscriptionItem,
    read_invoice_payment,
    read_subscription,
)
from campaign.gateway.timeouts import PATIENCE, TIMEOUT

__all__ = [
    "PATIENCE",
    "TIMEOUT",
    "Cards",
    "CheckoutSession",
    "Event",
    "Invoice",
    "InvoicePaymentFact",
    "Movement",
    "PaymentFact",
    "PaymentIntent",
    "StripeCharge",
    "StripeDispute",
    "StripeFraudWarning",
    "StripeRefund",
    "SubscriptionFact",
    "SubscriptionItem",
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
]
