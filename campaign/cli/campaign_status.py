"""`campaign open|close|pause|resume`: where a campaign stands, for who sits at the server when something is wrong."""

import click

from campaign.audit.audit_log import Actor
from campaign.campaigns import status_changes
from campaign.campaigns.campaign_formatting import extension_sentences
from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.extensions import close_early
from campaign.core import clock
from campaign.core.i18n import ENGLISH, words
from campaign.runtime.context import make_installation

NOTHING = "Nothing has changed."


@click.command("open")
@click.argument("slug")
def open_campaign(slug: str) -> None:
    """Open the upcoming campaign SLUG at this moment; its first letter is due at once."""
    with make_installation(broker=False).sessions.begin() as session:
        done = status_changes.open_now(session, find_campaign(session, slug), Actor.command_line())
    click.echo(f"{slug} is open." if done else f"{slug} was open before. {NOTHING}")


@click.command("close")
@click.argument("slug")
@click.option("--reason", required=True, help="Why; everybody reads it after the word “because”.")
def close(slug: str, reason: str) -> None:
    """End the open campaign SLUG at this moment, publicly. What was charged before still counts."""
    who = Actor.command_line()
    with make_installation(broker=False).sessions.begin() as session:
        campaign = find_campaign(session, slug)
        made = close_early(session, campaign, reason, who.name, who)
        (sentence,) = extension_sentences(campaign, [made.extension], words(ENGLISH))
    click.echo(f"{sentence} {NOTHING}" if made.repeated else sentence)


@click.command("pause")
@click.argument("slug")
@click.option("--reason", required=True, help="A sentence for everybody.")
def pause(slug: str, reason: str) -> None:
    """Take no new gifts by card for the campaign SLUG, at once: against an attack, or while Stripe is at fault.

    The page shows the reason and how to give by mail. Appeals wait. Monthly gifts go on.
    """
    with make_installation(broker=False).sessions.begin() as session:
        campaign = find_campaign(session, slug)
        done = status_changes.pause(session, campaign, reason, Actor.command_line(), clock.now())
    click.echo(
        f"{slug} takes no gifts by card now." if done else f"It was paused before. {NOTHING}"
    )


@click.command("resume")
@click.argument("slug")
def resume(slug: str) -> None:
    """Take gifts by card for the campaign SLUG again."""
    with make_installation(broker=False).sessions.begin() as session:
        done = status_changes.resume(session, find_campaign(session, slug), Actor.command_line())
    click.echo(f"{slug} takes gifts by card again." if done else f"It was not paused. {NOTHING}")
