"""The only package that imports Stripe's SDK: calls and webhooks, both as our own frozen dataclasses.

The types of Stripe's objects are exported here. Import the parts that load the SDK from their modules, so that most
commands start without it: `client.StripeGateway` (a class, so that tests can replace it) and
`webhook_signature.verified_event`.
"""

from campaign.gateway.api_versions import API_VERSION, is_our_version
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
    BalanceTransaction,
    StripeCharge,
    StripeDispute,
    StripeFraudWarning,
    StripeRefund,
    read_balance_transaction,
    read_charge,
    read_dispute,
    read_fraud_warning,
    read_refund,
)
from campaign.gateway.subscriptions import (
    InvoicePaymentFact,
    PaymentMethods,
    SubscriptionFact,
    SubscriptionItem,
    read_invoice_payment,
    read_subscription,
)
from campaign.gateway.timeouts import PATIENCE, TIMEOUT

__all__ = [
    "API_VERSION",
    "PATIENCE",
    "TIMEOUT",
    "BalanceTransaction",
    "CheckoutSession",
    "Event",
    "Invoice",
    "InvoicePaymentFact",
    "PaymentFact",
    "PaymentIntent",
    "PaymentMethods",
    "StripeCharge",
    "StripeDispute",
    "StripeFraudWarning",
    "StripeRefund",
    "SubscriptionFact",
    "SubscriptionItem",
    "is_our_version",
    "read_balance_transaction",
    "read_charge",
    "read_checkout_session",
    "read_dispute",
    "read_event",
    "read_fraud_warning",
    "read_invoice",
    "read_invoice_payment",
    "read_payment_intent",
    "read_refund",
    "read_subscription",
    "stripe_language",
]
