"""Fetch events from Stripe whose webhook never arrived, and process them through the same inbox.

For commands and workers. Repeating it is harmless: an event that is already stored is not stored again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from structlog import get_logger

from campaign.core import clock
from campaign.gateway.client import UndeliveredEvent
from campaign.models import InboxEvent
from campaign.runtime.context import Installation
from campaign.stripe_events import inbox, misread
from campaign.stripe_events.process import apply_due_events
from campaign.stripe_events.registry import HANDLERS

log = get_logger(__name__)


@dataclass(frozen=True)
class Recovery:
    """How many events Stripe had not delivered, and what happened to them.

    `fetched` = `new` + `stored` (already stored) + `skipped` (other mode; see the log). `left` are all events in the
    inbox that could not be applied so far, not only those of this run.
    """

    fetched: int
    new: int
    stored: int
    skipped: int
    left: Sequence[InboxEvent] = ()


def recover_events(installation: Installation, since: datetime | None = None) -> Recovery:
    """Store every undelivered event created at `since` or later, one commit each, then apply all due events.

    Events that are held are tried again, too, and so are those in another API version that were once put aside without
    reading their objects at Stripe. Stripe lists events in the account's default version, whatever that is.

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
            new += inbox.store_event(session, found.event, found.body)
    misread.reopen_misread_events(installation.sessions, since)
    with installation.sessions.begin() as session:
        inbox.retry_held(session, clock.now())
    apply_due_events(installation)
    with installation.sessions() as session:
        left = tuple(inbox.list_left(session))
    return Recovery(fetched, new, fetched - new - skipped, skipped, left)


def _may_store(found: UndeliveredEvent, *, livemode: bool) -> bool:
    if found.event.livemode is livemode:
        return True
    log.warning("event_of_other_mode", event_id=found.event.id, livemode=found.event.livemode)
    return False
