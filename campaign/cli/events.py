"""`campaign events`."""

import click

from campaign.handlers import replay_event
from campaign.installation import make_installation


@click.group("events")
def events() -> None:
    """Stripe's events, as they are stored."""


@events.command()
@click.argument("event_id")
def replay(event_id: str) -> None:
    """Apply the stored event EVENT_ID again; harmless when it was applied."""
    outcome = replay_event(make_installation(broker=False), event_id)
    click.echo(f"{event_id}: {'applied' if outcome.applied else 'nothing new'}; {outcome.note}")
