"""Events of hosted checkout sessions: https://docs.stripe.com/payments/checkout/fulfill-orders."""

from dataclasses import replace

from sqlalchemy.orm import Session

from campaign.core.booking_context import Books, Outcome
from campaign.gateway import Event, read_checkout_session
from campaign.ledger.payments import apply_broken_promise, apply_session


def session_changed(session: Session, event: Event, books: Books) -> Outcome:
    """Completed (paid at once, or a debit promised) or expired: the object says which."""
    return apply_session(session, read_checkout_session(event.object), event.created, books)


def debit_succeeded(session: Session, event: Event, books: Books) -> Outcome:
    """A promised debit arrived, days later. The gift belongs to the day of the promise, in or out of order."""
    found = read_checkout_session(event.object)
    dated = replace(found, charged_at=found.charged_at or found.created)
    return apply_session(session, dated, event.created, books)


def debit_failed(session: Session, event: Event, books: Books) -> Outcome:
    """A promised debit was refused by the bank, now or after it had seemed to succeed."""
    found = read_checkout_session(event.object)
    return apply_broken_promise(session, found, event.created, books)
