"""Events of subscriptions: https://docs.stripe.com/billing/subscriptions/webhooks. Each carries the whole of one."""

from sqlalchemy.orm import Session

from campaign.core.booking_context import Books, Outcome
from campaign.gateway import Event, read_subscription
from campaign.subscriptions.subscription_events import apply_subscription


def subscription_changed(session: Session, event: Event, books: Books) -> Outcome:
    """A monthly or yearly gift began, changed, rests, goes on or ended, by whomever: the object says which."""
    told = (event.created, event.id)
    return apply_subscription(session, read_subscription(event.object), told, books)
