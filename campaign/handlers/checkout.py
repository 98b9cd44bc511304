"""Events of hosted checkout sessions: https://docs.stripe.com/payments/checkout/fulfill-orders."""

from dataclasses import replace

from sqlalchemy.orm import Session

from campaign.gateway import Event, read_checkout_session
from campaign.models import DonationState
from campaign.services.donations import lock_donation
from campaign.services.payments import Books, Outcome, advance, apply_session


def session_changed(session: Session, event: Event, books: Books) -> Outcome:
    """Completed (paid at once, or a debit promised) or expired: the object says which."""
    return apply_session(session, read_checkout_session(event.object), event.created, books)


def debit_succeeded(session: Session, event: Event, books: Books) -> Outcome:
    """A promised debit arrived, days later. The gift belongs to the day of the promise, in or out of order."""
    found = read_checkout_session(event.object)
    dated = replace(found, charged_at=found.charged_at or found.created)
    return apply_session(session, dated, event.created, books)


def debit_failed(session: Session, event: Event, _books: Books) -> Outcome:
    """A promised debit was refused by the bank; nothing was ever booked for it."""
    found = read_checkout_session(event.object)
    donation = lock_donation(session, found.donation_id) if found.donation_id else None
    if donation is None:
        return Outcome(applied=False, note=f"no donation of ours: {found.donation_id}")
    return advance(session, donation, DonationState.failed, "the bank refused the debit")
