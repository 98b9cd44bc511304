"""`campaign events`."""

from typing import Any

import click

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core import clock
from campaign.runtime.context import Installation, make_installation
from campaign.stripe_events.process import replay_event
from campaign.stripe_events.recovery import Recovery, recover_events


@click.group("events")
def events() -> None:
    """Stripe's events, as they are stored."""


@events.command()
@click.argument("event_id")
def replay(event_id: str) -> None:
    """Apply the stored event EVENT_ID again; harmless when it was applied."""
    installation = make_installation(broker=False)
    outcome = replay_event(installation, event_id)
    _note(installation, "event.replayed", event_id, {"applied": outcome.applied})
    click.echo(f"{event_id}: {'applied' if outcome.applied else 'nothing new'}; {outcome.note}")


@events.command()
@click.option(
    "--since",
    metavar="DAY|INSTANT",
    help="2026-12-01 (from its first moment, in ORG_TIMEZONE), or an instant with offset;"
    " the 30 days that Stripe keeps if not given.",
)
def recover(since: str | None) -> None:
    """Fetch the events that Stripe could not deliver and apply them; harmless when repeated."""
    installation = make_installation(broker=False)
    timezone = clock.zone(installation.settings.organization.timezone)
    start = clock.parse_start(since, timezone) if since is not None else None
    found = recover_events(installation, start)
    counts = {"fetched": found.fetched, "new": found.new, "since": since or ""}
    _note(installation, "events.recovered", "stripe", counts)
    click.echo(_result(found))


def _note(installation: Installation, action: str, key: str, told: dict[str, Any]) -> None:
    """After the work, which commits by itself."""
    with installation.sessions.begin() as session:
        record(session, Actor.command_line(), action, Subject("event", key), after=told)


def _result(found: Recovery) -> str:
    fetched = "1 event" if found.fetched == 1 else f"{found.fetched} events"
    told = f"{fetched} fetched, {found.new} of them new; "
    if found.failing:
        told += f"{found.failing} in the inbox could not be applied yet (see docs/operating.md)."
    else:
        told += "applied."
    return told + (f" {found.skipped} skipped, as logged." if found.skipped else "")
