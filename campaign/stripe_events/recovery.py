"""Events whose webhook never arrived: asked of Stripe, and put through the same inbox as the others.

For commands and workers. Repeating it is harmless: an event that is stored already is not stored again.
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
    """How many events Stripe had not delivered, and what became of them.

    `fetched` = `new` + `stored` (here already) + `skipped` (not ours to read; the log says why). `failing` counts
    the whole inbox: events that could not be applied so far, whenever they came.
    """

    fetched: int
    new: int
    stored: int
    skipped: int
    failing: int


def recover_events(installation: Installation, since: datetime | None = None) -> Recovery:
    """Store every undelivered event made at `since` or later, a commit each, then apply what is due.

    Without `since`, the 30 days that Stripe keeps. Raises GatewayUnavailable or GatewayRefused; what was stored
    until then stays, and the sweep applies it. No transaction is open while Stripe is asked.
    """
    fetched = new = skipped = 0
    for found in installation.gateway.undelivered_events(tuple(HANDLERS), since):
        fetched += 1
        if not _ours(found, livemode=installation.settings.livemode):
            skipped += 1
            continue
        with installation.sessions.begin() as session:
            new += store_event(session, found.event, found.body)
    apply_due_events(installation)
    return Recovery(fetched, new, fetched - new - skipped, skipped, _failing(installation))


def _ours(found: UndeliveredEvent, *, livemode: bool) -> bool:
    """Whether the event may be stored. One that is worded differently might be misread, and then noted as ignored."""
    if found.event.livemode is not livemode:
        log.warning("event_of_other_mode", event_id=found.event.id, livemode=found.event.livemode)
        return False
    if not found.readable:
        log.warning("event_of_other_release", event_id=found.event.id, type=found.event.type)
        return False
    return True


def _failing(installation: Installation) -> int:
    states = (InboxState.failed.value, InboxState.given_up.value)
    query = select(func.count()).select_from(InboxEvent).where(InboxEvent.state.in_(states))
    with installation.sessions() as session:
        return session.scalar(query) or 0
