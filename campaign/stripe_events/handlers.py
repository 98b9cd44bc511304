"""One handler per event type: read the event's object and pass it to the function that applies it.

`registry` maps event types to handlers. An event contains the whole object as it was then, or, if it was read again at
Stripe (`rereading`), as it was at `as_of`: newer than the event says, so the object decides and the type does not.
Handlers never call Stripe.
"""

from dataclasses import replace

from sqlalchemy.orm import Session

from campaign.card_testing.declines import note_paid, record_decline
from campaign.core.booking_context import BookingContext, Outcome
from campaign.core.errors import FactMismatch
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
from campaign.gateway.payment_details import read_payment_details
from campaign.gateway.payouts import read_payout
from campaign.ledger.disputes import DisputeReport, apply_dispute
from campaign.ledger.payments import apply_failed_debit, apply_intent, apply_session
from campaign.ledger.refund_evidence import apply_charge, apply_refund, record_fraud_warning
from campaign.reconciliation.payouts import record_payout
from campaign.subscriptions.invoices import apply_invoice, apply_invoice_payment
from campaign.subscriptions.subscription_events import (
    READ_AGAIN,
    apply_failed_invoice,
    apply_subscription,
)

_PAID, _FAILED = "paid", "failed"
_NOTHING_OWED = ("void", "uncollectible")


def session_changed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Apply a session that completed (paid, or with a pending debit) or expired; the object says which."""
    found = read_checkout_session(event.object)
    if found.status == "complete":
        note_paid(session, found.id, event.created)
    return apply_session(session, found, event.created, books)


def debit_succeeded(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Apply a bank debit that succeeded days later. The gift counts from the day it was authorized."""
    found = read_checkout_session(event.object)
    dated = replace(found, charged_at=found.charged_at or found.created)
    return apply_session(session, dated, event.created, books)


def debit_failed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Apply a bank debit that failed, possibly after it first appeared to succeed."""
    found = read_checkout_session(event.object)
    return apply_failed_debit(session, found, event.created, books)


def refund_changed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Apply a refund that was created (by us, in Stripe's dashboard or through its API), updated or failed."""
    return apply_refund(session, read_refund(event.object, event.created), event.created, books)


def charge_refunded(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Apply the charge's total refunded amount."""
    return apply_charge(session, read_charge(event.object, event.created), event.created, books)


def charge_failed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Apply a reversed bank debit, which moved the balance. A declined card moves nothing; it may be a tested one."""
    found = read_charge(event.object, event.created)
    if not found.returned:
        used = read_payment_details(event.object)
        if used.method == "card" and found.donation_id:
            record_decline(session, found.donation_id, found.id, used.fingerprint, found.created)
        return Outcome(applied=False, note="the charge never succeeded")
    return apply_charge(session, found, event.created, books)


def dispute_changed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Apply a dispute that was opened, updated, closed or moved money; the event type says what is certain."""
    reported = DisputeReport(
        withdrawn=event.type == "charge.dispute.funds_withdrawn",
        reinstated=event.type == "charge.dispute.funds_reinstated",
        previous_status=str(event.previous.get("status") or ""),
    )
    found = read_dispute(event.object, event.created)
    return apply_dispute(session, found, reported, event.as_of, books)


def fraud_warning_changed(session: Session, event: Event, _books: BookingContext) -> Outcome:
    """Save a bank's early fraud warning."""
    return record_fraud_warning(session, read_fraud_warning(event.object, event.created))


def invoice_paid(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Apply a paid invoice: the first payment of a subscription, or a renewal.

    Raises FactMismatch if Stripe says that it is not paid.
    """
    found = read_invoice(event.object)
    if event.read_at and found.status != _PAID:
        raise FactMismatch(f"{found.id} was paid by this event, but Stripe says {found.status}.")
    return apply_invoice(session, found, event.created, books)


def invoice_failed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Apply a failed renewal; Stripe will retry or give up. Read again, the invoice may be paid or void by now."""
    return _unpaid_invoice(session, event, books, to_confirm=False)


def invoice_to_confirm(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Apply a renewal that the donor's bank wants confirmed. Read again, the invoice may be paid or void by now.

    https://docs.stripe.com/billing/migration/strong-customer-authentication
    """
    return _unpaid_invoice(session, event, books, to_confirm=True)


def _unpaid_invoice(
    session: Session, event: Event, books: BookingContext, *, to_confirm: bool
) -> Outcome:
    """If it is not paid by now, it was unpaid at `as_of`, later than what an older reading of the subscription says."""
    found = read_invoice(event.object)
    if found.status == _PAID:
        return apply_invoice(session, found, found.paid_at or event.as_of, books)
    if found.status in _NOTHING_OWED:
        return Outcome(applied=False, note=f"the invoice is {found.status} by now")
    return apply_failed_invoice(
        session, found, event.created, books, unpaid_at=event.as_of, to_confirm=to_confirm
    )


def invoice_payment_paid(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Record which payment intent paid an invoice; neither of the two objects says so."""
    return apply_invoice_payment(session, read_invoice_payment(event.object), books)


def subscription_changed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Apply a subscription that was created, updated, paused, resumed or canceled; the object says which."""
    version = (event.as_of, READ_AGAIN if event.read_at else event.id)
    return apply_subscription(session, read_subscription(event.object), version, books)


def payment_intent_changed(session: Session, event: Event, books: BookingContext) -> Outcome:
    """Apply a payment intent: succeeded, processing (bank debit), canceled, or declined so far."""
    return apply_intent(session, read_payment_intent(event.object), event.created, books)


def payout_changed(session: Session, event: Event, _books: BookingContext) -> Outcome:
    """Apply a payout that the bank received or returned. Only the event of a failure says on which day it failed."""
    found = read_payout(event.object)
    if event.read_at and found.status == _FAILED and event.type != "payout.failed":
        found = replace(found, status=_PAID)
    return record_payout(session, found, event.created)
