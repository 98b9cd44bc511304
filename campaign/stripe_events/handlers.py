"""One function per event type: it reads the event's object and hands it to what books it. `registry` names them.

An event carries the whole object as it was then; nothing is asked of Stripe here.
"""

from dataclasses import replace

from sqlalchemy.orm import Session

from campaign.core.booking_context import BookingContext, Outcome
from campaign.gateway import (
    Event,
    read_charge,
    read_checkout_session,
    read_dispute,
    read_fraud_warning,
    read_invoice,
    read_invoice_payment,
    read_payment_intent,
    read_refund,
    read_subscription,
)
from campaign.gateway.payouts import read_payout
from campaign.ledger.disputes import DisputeTransfer, apply_dispute
from campaign.ledger.payments import apply_failed_debit, apply_intent, apply_session
from campaign.ledger.refund_evidence import apply_charge, apply_refund, record_fraud_warning
from campaign.reconciliation.payouts import record_payout
from campaign.subscriptions.invoices import apply_invoice, apply_invoice_payment
from campaign.subscriptions.subscription_events import apply_failed_invoice, apply_subscription


def session_changed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Completed (paid at once, or a debit promised) or expired: the object says which."""
    return apply_session(session, read_checkout_session(event.object), event.created, books)


def debit_succeeded(session: Session, event: Event, books: BookingContext) -> Outcome:
    """A promised debit arrived, days later. The gift belongs to the day of the promise, in or out of order."""
    found = read_checkout_session(event.object)
    dated = replace(found, charged_at=found.charged_at or found.created)
    return apply_session(session, dated, event.created, books)


def debit_failed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """A promised debit was refused by the bank, now or after it had seemed to succeed."""
    found = read_checkout_session(event.object)
    return apply_failed_debit(session, found, event.created, books)


def refund_changed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """A refund was made, by us, in Stripe's dashboard or over its API; or went on, or came back."""
    return apply_refund(session, read_refund(event.object, event.created), event.created, books)


def charge_refunded(session: Session, event: Event, books: BookingContext) -> Outcome:
    """The charge says how much of it was refunded in all."""
    return apply_charge(session, read_charge(event.object, event.created), event.created, books)


def charge_failed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """A card that was declined moves nothing; a debit that came back has moved the balance."""
    found = read_charge(event.object, event.created)
    if not found.returned:
        return Outcome(applied=False, note="the charge never succeeded")
    return apply_charge(session, found, event.created, books)


def dispute_changed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """A dispute was opened, updated, closed, or moved money: the event's type says what is certain."""
    moved = DisputeTransfer(
        withdrawn=event.type == "charge.dispute.funds_withdrawn",
        reinstated=event.type == "charge.dispute.funds_reinstated",
    )
    found = read_dispute(event.object, event.created)
    return apply_dispute(session, found, moved, event.created, books)


def fraud_warning_changed(session: Session, event: Event, _books: BookingContext) -> Outcome:
    """A bank suspects a charge."""
    return record_fraud_warning(session, read_fraud_warning(event.object, event.created))


def invoice_paid(session: Session, event: Event, books: BookingContext) -> Outcome:
    """A first or a renewed gift was charged."""
    return apply_invoice(session, read_invoice(event.object), event.created, books)


def invoice_failed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """A renewal could not be charged; Stripe will try again, or give up."""
    return apply_failed_invoice(session, read_invoice(event.object), event.created, books)


def invoice_payment_paid(session: Session, event: Event, books: BookingContext) -> Outcome:
    """An invoice was paid by a payment intent, which neither of the two says."""
    return apply_invoice_payment(session, read_invoice_payment(event.object), books)


def subscription_changed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """A monthly or yearly gift began, changed, rests, goes on or ended, by whomever: the object says which."""
    told = (event.created, event.id)
    return apply_subscription(session, read_subscription(event.object), told, books)


def payment_intent_changed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Succeeded, promised by a bank debit, cancelled, or refused while the donor may still try another card."""
    return apply_intent(session, read_payment_intent(event.object), event.created, books)


def payout_changed(session: Session, event: Event, _books: BookingContext) -> Outcome:
    """A payout has arrived at the bank, or has come back from there."""
    return record_payout(session, read_payout(event.object), event.created)
