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
