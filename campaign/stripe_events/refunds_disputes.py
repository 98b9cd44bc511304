"""Events of money that goes back: refunds, disputes, early fraud warnings, debits that failed after they succeeded."""

from sqlalchemy.orm import Session

from campaign.core.booking_context import Books, Outcome
from campaign.gateway import Event, read_charge, read_dispute, read_fraud_warning, read_refund
from campaign.ledger.disputes import Moved, apply_dispute
from campaign.ledger.refund_evidence import apply_charge, apply_refund, note_fraud_warning


def refund_changed(session: Session, event: Event, books: Books) -> Outcome:
    """A refund was made, by us, in Stripe's dashboard or over its API; or went on, or came back."""
    return apply_refund(session, read_refund(event.object, event.created), event.created, books)


def charge_refunded(session: Session, event: Event, books: Books) -> Outcome:
    """The charge says how much of it was refunded in all."""
    return apply_charge(session, read_charge(event.object, event.created), event.created, books)


def charge_failed(session: Session, event: Event, books: Books) -> Outcome:
    """A card that was declined moves nothing; a debit that came back has moved the balance."""
    found = read_charge(event.object, event.created)
    if not found.returned:
        return Outcome(applied=False, note="the charge never succeeded")
    return apply_charge(session, found, event.created, books)


def dispute_changed(session: Session, event: Event, books: Books) -> Outcome:
    """A dispute was opened, updated, closed, or moved money: the event's type says what is certain."""
    moved = Moved(
        withdrawn=event.type == "charge.dispute.funds_withdrawn",
        reinstated=event.type == "charge.dispute.funds_reinstated",
    )
    found = read_dispute(event.object, event.created)
    return apply_dispute(session, found, moved, event.created, books)


def fraud_warned(session: Session, event: Event, _books: Books) -> Outcome:
    """A bank suspects a charge."""
    return note_fraud_warning(session, read_fraud_warning(event.object, event.created))
