"""How a campaign's deadline was moved, as public sentences."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_skeleton

from campaign.core import clock
from campaign.models import Campaign, Extension
from campaign.web.language import said


def present_extensions(campaign: Campaign, extensions: Sequence[Extension]) -> list[str]:
    """Each move of the deadline as one public sentence, with its reason; the first move first."""
    return [_moved(campaign.zone, extension) for extension in extensions]


def _moved(zone: ZoneInfo, extension: Extension) -> str:
    """`Extended on December 28 from December 31 to January 5, because …`; hours where the day stays the same.

    Closed early it is `Closed early on December 20 instead of December 31, because …`.
    """
    spoken = said()
    ends = (extension.previous_deadline, extension.deadline)
    days = [clock.last_day(end, zone) for end in ends]
    hours = days[0] == days[1]
    before, after = [hour_text(end, zone) for end in ends] if hours else map(day_text, days)
    values = {
        "before": before,
        "after": after,
        "day": day_text(extension.created_at.astimezone(zone).date()),
        "reason": extension.reason,
    }
    if not extension.closed_early:
        told = spoken.gettext(
            "Extended on %(day)s from %(before)s to %(after)s, because %(reason)s."
        )
    elif hours:
        told = spoken.gettext(
            "Closed early at %(after)s instead of %(before)s, because %(reason)s."
        )
    else:
        told = spoken.gettext("Closed early on %(day)s instead of %(before)s, because %(reason)s.")
    return told % values


def day_text(day: date) -> str:
    """`December 28`."""
    return str(format_skeleton("MMMMd", day, locale=said().formats))


def hour_text(moment: datetime, zone: ZoneInfo) -> str:
    """`5:00 PM on December 28`."""
    time = format_datetime(moment, "h:mm a", tzinfo=zone, locale=said().formats)
    return said().gettext("%(time)s on %(day)s") % {
        "time": time,
        "day": day_text(moment.astimezone(zone).date()),
    }
