"""A campaign's texts by language, and everything the appeal page shows besides progress, read together."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import open_campaigns
from campaign.campaigns.donor_wall import PublicWallEntry, list_wall_entries
from campaign.campaigns.donors_today import NO_DONORS, DonorsToday, count_donors_today
from campaign.campaigns.milestones import read_milestones
from campaign.campaigns.progress import Progress
from campaign.models import Campaign, Milestone

NEWEST = 5
"""Number of donor wall entries on the appeal page itself."""

MOST_OTHERS = 3
"""Number of other campaigns listed there; a separate page lists them all."""


@dataclass(frozen=True)
class LocalizedText:
    """A text and its language, which may differ from the page's."""

    text: str
    locale: str


@dataclass(frozen=True)
class PageContext:
    """What the appeal shows besides its progress.

    `others`: the other open campaigns. `several`: whether the organization has any other campaign, open or not.
    """

    milestones: Sequence[Milestone] = ()
    newest: Sequence[PublicWallEntry] = ()
    today: DonorsToday = NO_DONORS
    others: Sequence[Campaign] = ()
    several: bool = False


EMPTY_CONTEXT = PageContext()


@dataclass(frozen=True)
class CampaignTexts:
    """A campaign's texts for one language; texts without a translation are in the campaign's first language."""

    title: LocalizedText
    appeal: LocalizedText
    thanks: LocalizedText


def read_page_context(session: Session, progress: Progress) -> PageContext:
    """Read it with a few short queries; none gets slower with the number of gifts."""
    campaign = progress.campaign
    return PageContext(
        milestones=read_milestones(session, campaign, progress.raised),
        newest=list_wall_entries(session, campaign, at_most=NEWEST),
        today=count_donors_today(session, campaign, progress.as_of),
        others=[one for one in open_campaigns(session, progress.as_of) if one.id != campaign.id][
            :MOST_OTHERS
        ],
        several=bool(session.scalar(select(exists().where(Campaign.id != campaign.id)))),
    )


def texts_in_language(locale: str, campaign: Campaign) -> CampaignTexts:
    """Return the campaign's texts for a page in `locale`."""
    found = campaign.text_in(locale)

    def localized(base: str, translated: str) -> LocalizedText:
        return (
            LocalizedText(translated, locale)
            if translated
            else LocalizedText(base, campaign.locale)
        )

    return CampaignTexts(
        title=localized(campaign.title, found.title if found else ""),
        appeal=localized(campaign.appeal, found.appeal if found else ""),
        thanks=localized(campaign.thanks, found.thanks if found else ""),
    )
