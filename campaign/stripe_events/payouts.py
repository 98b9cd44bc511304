"""Events of payouts: https://docs.stripe.com/api/payouts/object. What each was made of is asked for later."""

from sqlalchemy.orm import Session

from campaign.core.booking_context import Books, Outcome
from campaign.gateway import Event
from campaign.gateway.payouts import read_payout
from campaign.reconciliation.payouts import note_payout


def payout_changed(session: Session, event: Event, _books: Books) -> Outcome:
    """A payout has arrived at the bank, or has come back from there."""
    return note_payout(session, read_payout(event.object), event.created)
