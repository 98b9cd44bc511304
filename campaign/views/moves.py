"""How a campaign's deadline was moved, as public sentences."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from campaign import clock
from campaign.models import Campaign, Extension

_LOCALE = "en"


def present_extensions(campaign: Campaign, extensions: Sequence[Extension]) -> list[str]:
    """Each move of the deadline as one public sentence, with its reason; the first move first."""
    return [_moved(campaign.zone, extension) for extension in extensions]


def _moved(zone: ZoneInfo, extension: Extension) -> str:
    """`Extended on December 28 from December 31 to January 5, because …`; hours where the day stays the same.

    Closed early it is `Closed early on December 20 instead of December 31, because …`.
    """
    ends = (extension.previous_deadline, extension.deadline)
    days = [clock.last_day(end, zone) for end in ends]
    before, after = (format_date(day, "MMMM d", locale=_LOCALE) for day in days)
    if days[0] == days[1]:
        pattern = "h:mm a 'on' MMMM d"
        before, after = (
            format_datetime(end.astimezone(zone), pattern, tzinfo=zone, locale=_LOCALE)
            for end in ends
        )
    on = format_date(extension.created_at.astimezone(zone).date(), "'on' MMMM d", locale=_LOCALE)
    if extension.closed_early:
        at = on if days[0] != days[1] else f"at {after}"
        return f"Closed early {at} instead of {before}, because {extension.reason}."
    return f"Extended {on} from {before} to {after}, because {extension.reason}."
