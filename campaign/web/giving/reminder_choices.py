"""The choices of “Remind me later” as text, for the form and for the confirmation."""

from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_skeleton

from campaign.campaigns import formatting
from campaign.core.i18n import Language
from campaign.models import Campaign
from campaign.outreach.reminders import choices
from campaign.web.language import page_language


@dataclass(frozen=True)
class ReminderOffer:
    """A time for a reminder: the form's value and its label."""

    value: str
    text: str


def _when(choice: str, day: str, spoken: Language) -> str:
    texts = {
        "tomorrow": spoken.gettext("Tomorrow, %(day)s"),
        "three_days": spoken.gettext("In three days, %(day)s"),
        "last_day": spoken.gettext("On the last day, %(day)s"),
    }
    return texts[choice] % {"day": day}


def present_reminders(campaign: Campaign, at: datetime) -> list[ReminderOffer]:
    """List the choices that are still possible at `at`, such as `Tomorrow, December 24`."""
    spoken = page_language()
    return [
        ReminderOffer(
            choice.value, _when(choice.value, _day(due.astimezone(campaign.zone)), spoken)
        )
        for choice, due in choices(campaign, at)
    ]


def _day(local: datetime) -> str:
    """Format a date as `December 24`."""
    return str(format_skeleton("MMMMd", local, tzinfo=local.tzinfo, locale=page_language().formats))


def reminder_moment(campaign: Campaign, due: datetime) -> str:
    """Format the reminder's time as `9:00 a.m. on Thursday, December 24, Pacific time`."""
    return formatting.moment_there(due, campaign.zone, page_language())
