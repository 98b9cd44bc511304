"""A campaign's own words by language, and all that the appeal tells besides its figure: read together, for pages."""

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
"""So many lines of the donor wall stand on the appeal itself."""


MOST_OTHERS = 3
"""So many other campaigns are named there; the list of all has a page of its own."""


@dataclass(frozen=True)
class LocalizedText:
    """A text and the language it is in, which may be another than the page's."""

    text: str
    locale: str


@dataclass(frozen=True)
class PageContext:
    """What the appeal tells besides its figure, as it stood when it was read.

    `others`: the other campaigns that take gifts now; `several`: whether the house has had more than this one.
    """

    milestones: Sequence[Milestone] = ()
    newest: Sequence[PublicWallEntry] = ()
    today: DonorsToday = NO_DONORS
    others: Sequence[Campaign] = ()
    several: bool = False


EMPTY_CONTEXT = PageContext()


@dataclass(frozen=True)
class CampaignTexts:
    """A campaign's texts for readers of one language; each in the first language where it has not been translated."""

    title: LocalizedText
    appeal: LocalizedText
    thanks: LocalizedText


def read_page_context(session: Session, progress: Progress) -> PageContext:
    """A few short queries, none of which grows with the gifts."""
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
    """The campaign's texts for a page in `locale`."""
    found = campaign.text_in(locale)

    def told(base: str, translated: str) -> LocalizedText:
        return (
            LocalizedText(translated, locale)
            if translated
            else LocalizedText(base, campaign.locale)
        )

    return CampaignTexts(
        title=told(campaign.title, found.title if found else ""),
        appeal=told(campaign.appeal, found.appeal if found else ""),
        thanks=told(campaign.thanks, found.thanks if found else ""),
    )
