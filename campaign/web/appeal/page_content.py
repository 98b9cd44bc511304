"""What the appeal shows besides its progress, in the page's language: milestones, donors today, sharing."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from flask import url_for

from campaign.campaigns import formatting
from campaign.campaigns.campaign_formatting import day_text
from campaign.campaigns.donors_today import DonorsToday
from campaign.campaigns.localized_texts import CampaignTexts, LocalizedText, texts_in_language
from campaign.campaigns.progress import Progress
from campaign.core.i18n import get_language, languages
from campaign.models import Campaign, Milestone, MilestoneMark
from campaign.web.appeal.progress_stream import Snapshot
from campaign.web.context import installation
from campaign.web.language import page_language


@dataclass(frozen=True)
class MilestoneView:
    """A milestone as one sentence, and its date for the HTML `time` element."""

    sentence: str
    day_iso: str


@dataclass(frozen=True)
class ShareView:
    """The page's absolute address, and a `mailto:` link with only the title and that address."""

    url: str
    mailto: str


@dataclass(frozen=True)
class OtherCampaign:
    """Another open campaign."""

    slug: str
    title: LocalizedText


@dataclass(frozen=True)
class Alternate:
    """The page in one language: https://developers.google.com/search/docs/specialty/international."""

    tag: str
    url: str


def campaign_texts(snapshot: Snapshot) -> CampaignTexts:
    """Return the campaign's own texts in the page's language."""
    return texts_in_language(page_language().locale, snapshot.progress.campaign)


def campaign_title(campaign: Campaign) -> str:
    """Return the title in the page's language, or the original if it is not translated."""
    return campaign.title_in(page_language().locale)


def present_milestones(progress: Progress, reached: Sequence[Milestone]) -> list[MilestoneView]:
    """List the milestones that are reached and still hold, first to last; none while figures are hidden."""
    if progress.hidden:
        return []
    return [_milestone(progress.campaign, one) for one in reached if one.target <= progress.raised]


def _milestone(campaign: Campaign, one: Milestone) -> MilestoneView:
    spoken = page_language()
    day = one.reached_at.astimezone(campaign.zone).date()
    sentence = {
        MilestoneMark.quarter: spoken.gettext("A quarter of the goal on %(day)s"),
        MilestoneMark.half: spoken.gettext("Halfway to the goal on %(day)s"),
        MilestoneMark.three_quarters: spoken.gettext("Three quarters of the goal on %(day)s"),
        MilestoneMark.goal: spoken.gettext("The goal of %(amount)s was met on %(day)s"),
        MilestoneMark.stretch: spoken.gettext("The stretch goal of %(amount)s was met on %(day)s"),
    }[MilestoneMark(one.mark)]
    values = {
        "day": day_text(day, page_language()),
        "amount": formatting.amount(one.target, campaign.currency, spoken),
    }
    return MilestoneView(sentence % values, day.isoformat())


def present_today(progress: Progress, today: DonorsToday) -> str:
    """Return `12 readers gave today.`; '' if there were too few to show, or while figures are hidden."""
    if not today.is_shown or progress.hidden:
        return ""
    spoken = page_language()
    if today.more:
        sentence = spoken.gettext("More than %(n)s readers gave today.")
    else:
        sentence = spoken.ngettext(
            "%(n)s reader gave today.", "%(n)s readers gave today.", today.readers
        )
    return sentence % {"n": formatting.number(today.readers, spoken)}


def present_others(others: Sequence[Campaign]) -> list[OtherCampaign]:
    """List the other open campaigns."""
    return [
        OtherCampaign(one.slug, texts_in_language(page_language().locale, one).title)
        for one in others
    ]


def present_share(campaign: Campaign, title: str) -> ShareView:
    """Return the share links; neither identifies the person who shares."""
    asked = f"?{page_language().query}" if page_language().query else ""
    address = (
        f"{installation().settings.site_url}{url_for('public.appeal', slug=campaign.slug)}{asked}"
    )
    email = urlencode({"subject": title, "body": address}, quote_via=quote)
    return ShareView(address, f"mailto:?{email}")


def alternates(slug: str) -> list[Alternate]:
    """List this page's absolute address in every language; empty if there is only one language."""
    if len(languages()) < 2:
        return []
    home = f"{installation().settings.site_url}{url_for('public.appeal', slug=slug)}"
    every = [get_language(name) for name in languages()]
    return [
        *(Alternate(one.locale, f"{home}?{one.query}" if one.query else home) for one in every),
        Alternate("x-default", home),
    ]
