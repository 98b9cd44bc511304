"""`campaign card-testing`: what thieves who try cards do, and the switch that makes every attempt cost something."""

from datetime import datetime, timedelta

import click

from campaign.audit.audit_log import Actor
from campaign.campaigns import formatting
from campaign.card_testing import siege
from campaign.core import clock
from campaign.core.i18n import ENGLISH, get_language
from campaign.runtime.context import Installation, make_installation


@click.group("card-testing")
def card_testing() -> None:
    """Show what card testing costs now, and switch the protection on and off."""


@card_testing.command()
def status() -> None:
    """Print the last hour's figures and whether the protection is on."""
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        at = clock.now()
        found = siege.find_siege(session)
        figures = siege.read_figures(session, at - timedelta(hours=1))
    if found is None:
        click.echo("The protection is not switched on. It switches itself on in an attack.")
    else:
        since = _when(installation, found.began_at)
        click.echo(f"The protection is on for {found.scope} since {since}: {found.reason}")
    click.echo(
        f"In the last hour: {figures.attempts} attempts to give, {figures.held} held,"
        f" {figures.opened} sessions opened, {figures.paid} paid, {figures.declined} cards declined,"
        f" {figures.expired} sessions expired."
    )


@card_testing.command()
@click.option("--reason", default="", help="Why, for the activity log.")
def start(reason: str) -> None:
    """Make every attempt to give cost a moment of computing, or a short wait without JavaScript.

    It ends by itself a day later at the earliest, once no attack is seen.
    """
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        siege.begin_siege(session, reason, Actor.command_line(), clock.now())
    click.echo("The protection is on.")


@card_testing.command()
def end() -> None:
    """Switch the protection off. An attack switches it on again."""
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        siege.end_siege(session, Actor.command_line(), clock.now())
    click.echo("The protection is off.")


def _when(installation: Installation, moment: datetime) -> str:
    zone = clock.zone(installation.settings.organization.timezone)
    time = formatting.time_with_zone(moment, zone, get_language(ENGLISH))
    return f"{moment.astimezone(zone):%B %-d, %Y}, {time}"
