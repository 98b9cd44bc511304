"""A countdown in tests: the windows of its steps, and moments as the campaign's clock has them."""

from datetime import datetime

from campaign.campaigns import schedule
from campaign.models import Campaign
from campaign.runtime.context import Installation


def windows(installation: Installation, campaign: Campaign) -> dict[str, schedule.Window]:
    """Of every step that takes place, by its key."""
    with installation.sessions() as session:
        every = schedule.list_steps(session, campaign.id)
        return {window.step.key: window for window in schedule.windows(campaign, every)}


def there(moment: datetime, campaign: Campaign) -> str:
    """The moment on the campaign's wall clock."""
    return f"{moment.astimezone(campaign.zone):%Y-%m-%d %H:%M}"
