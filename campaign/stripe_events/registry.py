"""Map each event type to its handler."""

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from campaign.core.booking_context import BookingContext, Outcome
from campaign.gateway import Event
from campaign.stripe_events import handlers

Handler = Callable[[Session, Event, BookingContext], Outcome]

HANDLERS: Mapping[str, Handler] = {
    "checkout.session.completed": handlers.session_changed,
    "checkout.session.async_payment_succeeded": handlers.debit_succeeded,
    "checkout.session.async_payment_failed": handlers.debit_failed,
    "checkout.session.expired": handlers.session_changed,
    "payment_intent.succeeded": handlers.payment_intent_changed,
    "payment_intent.payment_failed": handlers.payment_intent_changed,
    "payment_intent.processing": handlers.payment_intent_changed,
    "payment_intent.canceled": handlers.payment_intent_changed,
    "charge.refunded": handlers.charge_refunded,
    "charge.failed": handlers.charge_failed,
    "charge.refund.updated": handlers.refund_changed,
    "refund.created": handlers.refund_changed,
    "refund.updated": handlers.refund_changed,
    "refund.failed": handlers.refund_changed,
    "charge.dispute.created": handlers.dispute_changed,
    "charge.dispute.updated": handlers.dispute_changed,
    "charge.dispute.closed": handlers.dispute_changed,
    "charge.dispute.funds_withdrawn": handlers.dispute_changed,
    "charge.dispute.funds_reinstated": handlers.dispute_changed,
    "radar.early_fraud_warning.created": handlers.fraud_warning_changed,
    "radar.early_fraud_warning.updated": handlers.fraud_warning_changed,
    "invoice.paid": handlers.invoice_paid,
    "invoice.payment_failed": handlers.invoice_failed,
    "invoice.payment_action_required": handlers.invoice_to_confirm,
    "invoice_payment.paid": handlers.invoice_payment_paid,
    "customer.subscription.created": handlers.subscription_changed,
    "customer.subscription.updated": handlers.subscription_changed,
    "customer.subscription.paused": handlers.subscription_changed,
    "customer.subscription.resumed": handlers.subscription_changed,
    "customer.subscription.deleted": handlers.subscription_changed,
    "payout.paid": handlers.payout_changed,
    "payout.failed": handlers.payout_changed,
    "payout.reconciliation_completed": handlers.payout_changed,
}

_KINDS: Mapping[Handler, str] = {
    handlers.session_changed: "checkout.session",
    handlers.debit_succeeded: "checkout.session",
    handlers.debit_failed: "checkout.session",
    handlers.payment_intent_changed: "payment_intent",
    handlers.charge_refunded: "charge",
    handlers.charge_failed: "charge",
    handlers.refund_changed: "refund",
    handlers.dispute_changed: "dispute",
    handlers.fraud_warning_changed: "radar.early_fraud_warning",
    handlers.invoice_paid: "invoice",
    handlers.invoice_failed: "invoice",
    handlers.invoice_to_confirm: "invoice",
    handlers.invoice_payment_paid: "invoice_payment",
    handlers.subscription_changed: "subscription",
    handlers.payout_changed: "payout",
}


def object_kind(event_type: str) -> str | None:
    """Return the kind of object, such as `invoice`, that events of this type are about; None without a handler."""
    handler = HANDLERS.get(event_type)
    return _KINDS[handler] if handler else None


def dispatch(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Apply `event` in the caller's transaction. A type without a handler is recorded as ignored."""
    handler = HANDLERS.get(event.type)
    if handler is None:
        return Outcome(applied=False, note=f"no handler for {event.type}")
    return handler(session, event, books)
