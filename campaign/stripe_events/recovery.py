"""Fetch events from Stripe whose webhook never arrived, and process them through the same inbox.

For commands and workers. Repeating it is harmless: an event that is already stored is not stored again.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from structlog import get_logger

from campaign.gateway.client import UndeliveredEvent
from campaign.models import InboxEvent, InboxState
from campaign.runtime.context import Installation
from campaign.stripe_events.inbox import store_event
from campaign.stripe_events.process import apply_due_events
from campaign.stripe_events.registry import HANDLERS

log = get_logger(__name__)


@dataclass(frozen=True)
class Recovery:
    """How many events Stripe had not delivered, and what happened to them.

    `fetched` = `new` + `stored` (already stored) + `skipped` (other mode or API release; see the log). `failing`
    counts all events in the inbox that failed or were given up, not only those of this run.
    """

    fetched: int
    new: int
    stored: int
    skipped: int
    failing: int


def recover_events(installation: Installation, since: datetime | None = None) -> Recovery:
    """Store every undelivered event created at `since` or later, one commit each, then apply all due events.

    Without `since`, covers the 30 days that Stripe keeps. Raises GatewayUnavailable or GatewayRefused; events stored
    until then remain, and the sweep applies them. No database transaction is open during a request to Stripe.
    """
    fetched = new = skipped = 0
    for found in installation.gateway.undelivered_events(tuple(HANDLERS), since):
        fetched += 1
        if not _may_store(found, livemode=installation.settings.livemode):
            skipped += 1
            continue
        with installation.sessions.begin() as session:
            new += store_event(session, found.event, found.body)
    apply_due_events(installation)
    return Recovery(fetched, new, fetched - new - skipped, skipped, _count_failing(installation))


def _may_store(found: UndeliveredEvent, *, livemode: bool) -> bool:
    """Return whether the event may be stored. One of another API release could be misread and wrongly ignored."""
    if found.event.livemode is not livemode:
        log.warning("event_of_other_mode", event_id=found.event.id, livemode=found.event.livemode)
        return False
    if not found.readable:
        log.warning("event_of_other_release", event_id=found.event.id, type=found.event.type)
        return False
    return True


def _count_failing(installation: Installation) -> int:
    states = (InboxState.failed.value, InboxState.given_up.value)
    query = select(func.count()).select_from(InboxEvent).where(InboxEvent.state.in_(states))
    with installation.sessions() as session:
        return session.scalar(query) or 0
