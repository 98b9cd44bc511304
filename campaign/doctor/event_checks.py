"""Whether Stripe's events arrive and are applied."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from campaign.core import clock
from campaign.doctor.findings import Finding, fault, note, ok
from campaign.models import InboxEvent, InboxState
from campaign.runtime.context import Installation
from campaign.stripe_events.registry import HANDLERS

LOOK_BACK = timedelta(days=2)
ARRIVES_WITHIN = timedelta(minutes=10)
"""Younger events may still be on their way."""


def check_delivery(installation: Installation) -> Iterator[Finding]:
    """Look when the last event arrived, and whether Stripe could not deliver one."""
    zone = clock.zone(installation.settings.organization.timezone)
    with installation.sessions() as session:
        last = session.scalar(select(func.max(InboxEvent.received_at)))
    undelivered = _find_undelivered(installation)
    if undelivered:
        yield fault(
            f"Stripe could not deliver events, such as {undelivered}. Check that"
            f" {installation.address('/stripe/webhook')} can be reached from the Internet and that"
            " STRIPE_WEBHOOK_SECRET has the endpoint's secret; then run `campaign events recover`."
        )
    elif last is None:
        yield note(
            "No event has arrived from Stripe yet. Make a gift, or send a test event from Stripe's Workbench."
        )
    else:
        yield ok(f"The last event arrived at {_when(last, zone)}, and none is undelivered.")


def _find_undelivered(installation: Installation) -> str | None:
    """Return the id of an undelivered event of the last days; None if there is none."""
    now = clock.now()
    found = installation.gateway.undelivered_events(tuple(HANDLERS), now - LOOK_BACK)
    late = (one.event.id for one in found if one.event.created <= now - ARRIVES_WITHIN)
    return next(late, None)


def check_unapplied_events(installation: Installation) -> Iterator[Finding]:
    """Count the stored events that could not be applied."""
    states = (InboxState.held.value, InboxState.given_up.value)
    with installation.sessions() as session:
        number = session.scalar(select(func.count()).where(InboxEvent.state.in_(states))) or 0
    if number:
        what = "1 event" if number == 1 else f"{number} events"
        yield fault(
            f"{what} from Stripe could not be applied. `campaign review` lists why, and what to do."
        )
    else:
        yield ok("No event from Stripe waits to be applied.")


def _when(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
