"""Which function applies which event type."""

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from campaign.core.booking_context import Books, Outcome
from campaign.gateway import Event
from campaign.stripe_events import (
    checkout,
    invoices,
    payment_intents,
    payouts,
    refunds_disputes,
    subscriptions,
)

Handler = Callable[[Session, Event, Books], Outcome]

HANDLERS: Mapping[str, Handler] = {
    "checkout.session.completed": checkout.session_changed,
    "checkout.session.async_payment_succeeded": checkout.debit_succeeded,
    "checkout.session.async_payment_failed": checkout.debit_failed,
    "checkout.session.expired": checkout.session_changed,
    "payment_intent.succeeded": payment_intents.intent_changed,
    "payment_intent.payment_failed": payment_intents.intent_changed,
    "payment_intent.processing": payment_intents.intent_changed,
    "payment_intent.canceled": payment_intents.intent_changed,
    "charge.refunded": refunds_disputes.charge_refunded,
    "charge.failed": refunds_disputes.charge_failed,
    "charge.refund.updated": refunds_disputes.refund_changed,
    "refund.created": refunds_disputes.refund_changed,
    "refund.updated": refunds_disputes.refund_changed,
    "refund.failed": refunds_disputes.refund_changed,
    "charge.dispute.created": refunds_disputes.dispute_changed,
    "charge.dispute.updated": refunds_disputes.dispute_changed,
    "charge.dispute.closed": refunds_disputes.dispute_changed,
    "charge.dispute.funds_withdrawn": refunds_disputes.dispute_changed,
    "charge.dispute.funds_reinstated": refunds_disputes.dispute_changed,
    "radar.early_fraud_warning.created": refunds_disputes.fraud_warned,
    "radar.early_fraud_warning.updated": refunds_disputes.fraud_warned,
    "invoice.paid": invoices.invoice_paid,
    "invoice.payment_failed": invoices.invoice_failed,
    "invoice_payment.paid": invoices.invoice_payment_made,
    "customer.subscription.created": subscriptions.subscription_changed,
    "customer.subscription.updated": subscriptions.subscription_changed,
    "customer.subscription.paused": subscriptions.subscription_changed,
    "customer.subscription.resumed": subscriptions.subscription_changed,
    "customer.subscription.deleted": subscriptions.subscription_changed,
    "payout.paid": payouts.payout_changed,
    "payout.failed": payouts.payout_changed,
    "payout.reconciliation_completed": payouts.payout_changed,
}


def dispatch(session: Session, event: Event, books: Books) -> Outcome:
    """Apply `event` in the caller's transaction; a type without a handler is noted as ignored, never dropped."""
    handler = HANDLERS.get(event.type)
    if handler is None:
        return Outcome(applied=False, note=f"no handler for {event.type}")
    return handler(session, event, books)
