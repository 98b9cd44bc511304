"""`campaign extend`."""

import getpass

import click

from campaign.campaigns.campaign_formatting import ending_with_year
from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.extensions import extend as move_deadline
from campaign.core import clock
from campaign.core.errors import ExtensionRefused
from campaign.core.i18n import ENGLISH, words
from campaign.runtime.context import make_installation


@click.command("extend")
@click.argument("slug")
@click.option(
    "--deadline", required=True, help="2027-01-05 (through that day), or an instant with offset."
)
@click.option("--reason", required=True, help="Why; everybody reads it after the word “because”.")
def extend(slug: str, deadline: str, reason: str) -> None:
    """Move the deadline of the campaign SLUG to a later moment, publicly.

    The appeal page tells it with the reason. Letters that wait to be sent tell the new end. A campaign that has ended
    takes gifts again, until its result is final.
    """
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        campaign = find_campaign(session, slug)
        made = move_deadline(session, campaign, deadline, reason, _who(), clock.now())
        end = ending_with_year(campaign, words(ENGLISH))
    if made.repeated:
        click.echo(f"{slug} was extended before: it ends at {end}. Nothing has changed.")
        return
    click.echo(f"{slug} now ends at {end}, because {made.extension.reason}.")
    if made.reopened:
        click.echo("It had ended: it is open again and takes gifts from now on.")


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise ExtensionRefused(
            "The system does not say who you are; set LOGNAME to your name."
        ) from None
