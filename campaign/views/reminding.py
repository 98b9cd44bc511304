"""The choices of "remind me later" as sentences: for the appeal's form and for the page that answers it."""

from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date, format_datetime

from campaign.models import Campaign
from campaign.services.reminders import choices
from campaign.views.presenting import zone_name

LOCALE = "en"


@dataclass(frozen=True)
class ReminderOffer:
    """A moment at which someone may be reminded: the form's value, and in words."""

    value: str
    text: str


_WHEN = {"tomorrow": "Tomorrow", "three_days": "In three days", "last_day": "On the last day"}


def present_reminders(campaign: Campaign, at: datetime) -> list[ReminderOffer]:
    """What may still be chosen at `at`: `Tomorrow, December 24`."""
    return [
        ReminderOffer(
            choice.value,
            f"{_WHEN[choice]}, {format_date(due.astimezone(campaign.zone).date(), 'MMMM d', locale=LOCALE)}",
        )
        for choice, due in choices(campaign, at)
    ]


def reminder_moment(campaign: Campaign, due: datetime) -> str:
    """`9:00 AM on December 24, 2026, Pacific time`."""
    local = due.astimezone(campaign.zone)
    at = format_datetime(local, "h:mm a", tzinfo=campaign.zone, locale=LOCALE)
    return f"{at} on {format_date(local.date(), 'long', locale=LOCALE)}, {zone_name(campaign.zone)}"
