"""The email schedule in tests: the windows of its steps, and times in the campaign's time zone."""

from datetime import datetime

from campaign.campaigns import schedule
from campaign.models import Campaign
from campaign.runtime.context import Installation


def windows(installation: Installation, campaign: Campaign) -> dict[str, schedule.Window]:
    """Return the window of every active step by its key."""
    with installation.sessions() as session:
        every = schedule.list_steps(session, campaign.id)
        return {window.step.key: window for window in schedule.windows(campaign, every)}


def local_time(moment: datetime, campaign: Campaign) -> str:
    """Format the moment in the campaign's time zone."""
    return f"{moment.astimezone(campaign.zone):%Y-%m-%d %H:%M}"
