"""Events of payment intents. An invoice's intent carries no donation of ours: its invoice is what counts."""

from sqlalchemy.orm import Session

from campaign.core.booking_context import Books, Outcome
from campaign.gateway import Event, read_payment_intent
from campaign.ledger.payments import apply_intent


def intent_changed(session: Session, event: Event, books: Books) -> Outcome:
    """Succeeded, promised by a bank debit, cancelled, or refused while the donor may still try another card."""
    return apply_intent(session, read_payment_intent(event.object), event.created, books)
