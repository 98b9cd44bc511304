"""The donor wall in tests: a campaign that shows one, and its entries."""

from campaign.campaigns.donor_wall import list_wall_entries
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.campaigns import add_campaign

WORDS = "Show my first name"


def with_wall(installation: Installation) -> Campaign:
    campaign = add_campaign(installation)
    with installation.sessions.begin() as session:
        session.get_one(Campaign, campaign.id).wall_shown = True
    campaign.wall_shown = True
    return campaign


def names_on_wall(installation: Installation, campaign: Campaign) -> list[tuple[str, str, str]]:
    with installation.sessions() as session:
        return [
            (one.first_name, one.place, one.comment) for one in list_wall_entries(session, campaign)
        ]
