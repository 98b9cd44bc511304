"""The pages of a campaign's donor wall, and the list of all campaigns with their results. No cookies."""

from dataclasses import dataclass

from flask import Blueprint, Response, make_response, render_template, request

from campaign.campaigns import formatting
from campaign.campaigns.campaign_list import read_overview
from campaign.campaigns.donor_wall import PAGE, list_wall_entries
from campaign.campaigns.localized_texts import texts_in_language
from campaign.campaigns.progress import Progress
from campaign.core import clock
from campaign.core.errors import NotFound
from campaign.core.input_limits import read_key
from campaign.web.appeal.formatting import ending
from campaign.web.appeal.page_content import campaign_texts
from campaign.web.context import installation, live
from campaign.web.language import page_language
from campaign.web.theme import accents_for, stylesheet_url

blueprint = Blueprint("walls", __name__)

_CACHE = "public, max-age=10, stale-while-revalidate=60"


@dataclass(frozen=True)
class CampaignListing:
    """A campaign in the list: its title, its address and one sentence about its status."""

    slug: str
    title: str
    locale: str
    organization_line: str
    standing: str


@blueprint.get("/c/<slug>/donors")
def wall(slug: str) -> Response:
    """Show the donors who asked to be named, newest first; `before` continues after the previous page."""
    snapshot = live().current(slug)
    campaign = snapshot.progress.campaign
    if not campaign.wall_shown:
        raise NotFound(f"{slug!r} has no donor wall.")
    with installation().sessions() as session:
        before = read_key(request.args.get("before", ""))
        lines = list_wall_entries(session, campaign, before=before, at_most=PAGE + 1)
    page = render_template(
        "public/wall.html",
        page_title=page_language().gettext("Some of our donors"),
        slug=slug,
        title=campaign_texts(snapshot).title,
        lines=lines[:PAGE],
        further=lines[PAGE - 1].key if len(lines) > PAGE else None,
        first=before is None,
        theme_stylesheet=stylesheet_url(accents_for(campaign)),
    )
    return _shared(page)


@blueprint.get("/campaigns")
def campaigns() -> Response:
    """List the open, upcoming and ended campaigns."""
    with installation().sessions() as session:
        found = read_overview(session, clock.now())
    page = render_template(
        "public/campaigns.html",
        page_title=page_language().gettext("Campaigns"),
        groups=[
            (page_language().gettext("Open now"), [_listed(one) for one in found.open]),
            (page_language().gettext("Upcoming"), [_listed(one) for one in found.upcoming]),
            (page_language().gettext("Ended"), [_listed(one) for one in found.ended]),
        ],
    )
    return _shared(page)


def _shared(page: str) -> Response:
    response = make_response(page)
    response.headers["Cache-Control"] = _CACHE
    return response


def _listed(progress: Progress) -> CampaignListing:
    campaign = progress.campaign
    title = texts_in_language(page_language().locale, campaign).title
    return CampaignListing(
        campaign.slug,
        title.text,
        title.locale,
        campaign.organization_line,
        _standing(progress),
    )


def _standing(progress: Progress) -> str:
    campaign, spoken = progress.campaign, page_language()
    values = {
        "goal": formatting.amount(campaign.goal, campaign.currency, spoken),
        "raised": formatting.amount(progress.raised, campaign.currency, spoken),
        "end": ending(campaign),
        "day": formatting.date_there(campaign.starts_at, campaign.zone, spoken),
    }
    if progress.as_of < campaign.starts_at:
        return spoken.gettext("Opens on %(day)s. The goal is %(goal)s.") % values
    if progress.final:
        return (
            spoken.gettext("%(raised)s of %(goal)s raised in total. It ended at %(end)s.") % values
        )
    if progress.as_of >= campaign.deadline:
        provisional = spoken.gettext(
            "%(raised)s of %(goal)s raised (provisional result). It ended at %(end)s."
        )
        return provisional % values
    if progress.hidden:
        return spoken.gettext("The goal is %(goal)s. Open until %(end)s.") % values
    return spoken.gettext("%(raised)s of %(goal)s raised so far. Open until %(end)s.") % values
