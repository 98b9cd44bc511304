"""`campaign events`: replay or settle stored Stripe events and recover missed ones."""

from typing import Any

import click

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core import clock
from campaign.core.errors import CampaignError
from campaign.runtime.context import Installation, make_installation
from campaign.stripe_events.inbox import settle_event
from campaign.stripe_events.process import replay_event
from campaign.stripe_events.recovery import Recovery, recover_events


@click.group("events")
def events() -> None:
    """Replay or settle stored Stripe events and recover missed ones."""


@events.command()
@click.argument("event_id")
def replay(event_id: str) -> None:
    """Apply the stored event EVENT_ID again. Harmless if it has been applied."""
    installation = make_installation(broker=False)
    outcome = replay_event(installation, event_id)
    _note(installation, "event.replayed", event_id, {"applied": outcome.applied})
    click.echo(f"{event_id}: {'applied' if outcome.applied else 'nothing new'}; {outcome.note}")


@events.command()
@click.argument("event_id")
@click.option("--reason", required=True, help="Why; the audit log keeps it.")
def settle(event_id: str, reason: str) -> None:
    """Close the event EVENT_ID, which could not be applied and is right as it is."""
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        settle_event(session, event_id, reason, clock.now())
        note = {"reason": " ".join(reason.split())}
        actor, subject = Actor.command_line(), Subject("event", event_id)
        record(session, actor, "event.settled", subject, after=note)
    click.echo(f"{event_id}: settled.")


@events.command()
@click.option(
    "--since",
    metavar="DATE|TIMESTAMP",
    help="Start: 2026-12-01 (in ORG_TIMEZONE), or a timestamp with a UTC offset."
    "  [default: the 30 days that Stripe keeps]",
)
def recover(since: str | None) -> None:
    """Fetch the events that Stripe could not deliver and apply them. Harmless if repeated.

    Events that wait because their object could not be read at Stripe are tried again. Exit 1 while an event is left
    that could not be applied, with a line for each.
    """
    installation = make_installation(broker=False)
    timezone = clock.zone(installation.settings.organization.timezone)
    start = clock.parse_start(since, timezone) if since is not None else None
    found = recover_events(installation, start)
    counts = {"fetched": found.fetched, "new": found.new, "since": since or ""}
    _note(installation, "events.recovered", "stripe", counts)
    click.echo(_result(found))
    for event in found.left:
        click.echo(f"  {event.id}  {event.type}, {event.state}: {_line(event.last_error)}")
    if found.left:
        raise CampaignError(_remedy(len(found.left)))


def _note(installation: Installation, action: str, key: str, details: dict[str, Any]) -> None:
    """Record the action in the audit log. The work itself has committed before."""
    with installation.sessions.begin() as session:
        record(session, Actor.command_line(), action, Subject("event", key), after=details)


def _result(found: Recovery) -> str:
    fetched = "1 event" if found.fetched == 1 else f"{found.fetched} events"
    skipped = f"{found.skipped} skipped (see the log); " if found.skipped else ""
    result = f"{fetched} fetched, {found.new} new; {skipped}"
    if found.left:
        result += f"{len(found.left)} could not be applied yet:"
    else:
        result += "all applied."
    return result


def _remedy(left: int) -> str:
    what = "1 event" if left == 1 else f"{left} events"
    return (
        f"{what} could not be applied yet. Remove the cause that its line names, then run `campaign events recover`"
        " again, or `campaign events replay EVENT_ID`; see docs/operating.md."
    )


def _line(text: str | None) -> str:
    return " ".join((text or "no reason recorded").split())
