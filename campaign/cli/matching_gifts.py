"""`campaign matching list|add|end`: sponsors who add to what readers give."""

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
    """Matching gifts: what sponsors add, shown only while a window is open and funds remain."""


@matching.command("list")
@click.argument("slug")
def list_gifts(slug: str) -> None:
    """Each promise to the campaign SLUG: its number, its words, and what it has come to."""
    with make_installation(broker=False).sessions() as session:
        campaign = find_campaign(session, slug)
        progress = read_progress(session, campaign, clock.now())
    for one in progress.matching:
        click.echo(
            f"{one.gift.id}  {offer_text(campaign, one, get_language(ENGLISH))}; {_standing(one, campaign.currency)}"
        )
    if not progress.matching:
        click.echo("No sponsor has promised anything.")


def _standing(one: MatchingStatus, currency: str) -> str:
    matched = money.format_money(one.matched, currency)
    ended = ", ended early" if one.gift.ended_at else ""
    return f"{matched} of {money.format_money(one.gift.pool, currency)} matched{ended}"


@matching.command("add")
@click.argument("slug")
@click.option("--sponsor", required=True, help="The public name.")
@click.option("--pool", required=True, help="The most that they add, in major units: 10000.")
@click.option("--ratio", default="100", show_default=True, help="Percent of each gift.")
@click.option(
    "--from", "starts", default="", help="A day or a moment; the campaign's start if not given."
)
@click.option(
    "--until", "ends", default="", help="A day, through its end, or a moment; else the deadline."
)
def add(slug: str, sponsor: str, pool: str, ratio: str, starts: str, ends: str) -> None:
    """Add a sponsor's promise to the campaign SLUG. What was given in its window before counts too."""
    with make_installation(broker=False).sessions.begin() as session:
        campaign = find_campaign(session, slug)
        promise = MatchingGiftFields(sponsor, pool, ratio, starts, ends)
        gift = add_matching_gift(session, campaign, promise, Actor.command_line(), clock.now())
        given = read_progress(session, campaign, clock.now()).matching
        (made,) = [one for one in given if one.gift.id == gift.id]
        click.echo(
            f"{gift.id}  {offer_text(campaign, made, get_language(ENGLISH))}; {_standing(made, campaign.currency)}"
        )


@matching.command("end")
@click.argument("slug")
@click.argument("number", type=int)
def end(slug: str, number: int) -> None:
    """End the promise NUMBER of the campaign SLUG now; what was given before stays matched."""
    with make_installation(broker=False).sessions.begin() as session:
        campaign = find_campaign(session, slug)
        gift = end_matching_gift(session, campaign, number, Actor.command_line())
    click.echo(f"The matching gift of {gift.sponsor} has ended.")
