"""`campaign matching list|add|end`: matching gifts from sponsors."""

import click

from campaign.audit.audit_log import Actor
from campaign.campaigns.campaign_formatting import offer_text
from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.matching_gifts import (
    MatchingGiftFields,
    add_matching_gift,
    end_matching_gift,
)
from campaign.campaigns.progress import MatchingStatus, read_progress
from campaign.core import clock, money
from campaign.core.i18n import ENGLISH, get_language
from campaign.runtime.context import make_installation


@click.group("matching")
def matching() -> None:
    """Manage matching gifts from sponsors.

    The page shows a matching gift only during its period, and only while its pool lasts.
    """


@matching.command("list")
@click.argument("slug")
def list_gifts(slug: str) -> None:
    """List the matching gifts of the campaign SLUG.

    Prints the number, the description and the amount matched of each.
    """
    with make_installation(broker=False).sessions() as session:
        campaign = find_campaign(session, slug)
        progress = read_progress(session, campaign, clock.now())
    for one in progress.matching:
        click.echo(
            f"{one.gift.id}  {offer_text(campaign, one, get_language(ENGLISH))}; {_status(one, campaign.currency)}"
        )
    if not progress.matching:
        click.echo("No matching gifts.")


def _status(one: MatchingStatus, currency: str) -> str:
    matched = money.format_money(one.matched, currency)
    ended = ", ended early" if one.gift.ended_at else ""
    return f"{matched} of {money.format_money(one.gift.pool, currency)} matched{ended}"


@matching.command("add")
@click.argument("slug")
@click.option("--sponsor", required=True, help="The sponsor's public name.")
@click.option("--pool", required=True, help="The most they add, in major units: 10000.")
@click.option("--ratio", default="100", show_default=True, help="Percent of each gift.")
@click.option(
    "--from", "starts", default="", help="A date or a timestamp.  [default: the campaign's start]"
)
@click.option(
    "--until",
    "ends",
    default="",
    help="A date (through the end of that day) or a timestamp.  [default: the deadline]",
)
def add(slug: str, sponsor: str, pool: str, ratio: str, starts: str, ends: str) -> None:
    """Add a matching gift to the campaign SLUG. Gifts already made in its period are matched too."""
    with make_installation(broker=False).sessions.begin() as session:
        campaign = find_campaign(session, slug)
        promise = MatchingGiftFields(sponsor, pool, ratio, starts, ends)
        gift = add_matching_gift(session, campaign, promise, Actor.command_line(), clock.now())
        given = read_progress(session, campaign, clock.now()).matching
        (made,) = [one for one in given if one.gift.id == gift.id]
        click.echo(
            f"{gift.id}  {offer_text(campaign, made, get_language(ENGLISH))}; {_status(made, campaign.currency)}"
        )


@matching.command("end")
@click.argument("slug")
@click.argument("number", type=int)
def end(slug: str, number: int) -> None:
    """End the matching gift NUMBER of the campaign SLUG now. Gifts already made stay matched."""
    with make_installation(broker=False).sessions.begin() as session:
        campaign = find_campaign(session, slug)
        gift = end_matching_gift(session, campaign, number, Actor.command_line())
    click.echo(f"The matching gift from {gift.sponsor} has ended.")
