"""A campaign's deadline, its changes and its matching gifts as public sentences in a language. No queries."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton

from campaign.campaigns import formatting
from campaign.campaigns.progress import MatchingStatus
from campaign.core import clock
from campaign.core.i18n import Language
from campaign.models import Campaign, Extension

_HUNDRED = 100
_MINUTE = timedelta(minutes=1)


def ending_with_year(campaign: Campaign, language: Language) -> str:
    """Return the deadline in words: `11:59 p.m. on December 31, 2026, Pacific time`."""
    zone = campaign.zone
    local = campaign.deadline.astimezone(zone)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        last = clock.last_day(campaign.deadline, zone)
        return language.gettext("11:59 p.m. on %(day)s, %(zone)s") % {
            "day": formatting.long_date(last, language),
            "zone": formatting.zone_name(zone, language),
        }
    return language.gettext("%(time)s on %(day)s, %(zone)s") % {
        "time": formatting.time_of_day(local, language),
        "day": formatting.long_date(local.date(), language),
        "zone": formatting.zone_name(zone, language),
    }


def extension_sentences(
    campaign: Campaign, extensions: Sequence[Extension], language: Language
) -> list[str]:
    """Return one sentence, with the reason, for each change of the deadline; oldest first."""
    return [_moved(campaign.zone, extension, language) for extension in extensions]


def _moved(zone: ZoneInfo, extension: Extension, language: Language) -> str:
    """Return `Extended on December 28 from December 31 to January 5, because …`, with times if the day is the same.

    If the campaign was closed early: `Closed early on December 20 instead of December 31, because …`.
    """
    ends = (extension.previous_deadline, extension.deadline)
    days = [clock.last_day(end, zone) for end in ends]
    hours = days[0] == days[1]
    before, after = (
        [hour_text(end, zone, language) for end in ends]
        if hours
        else [day_text(day, language) for day in days]
    )
    values = {
        "before": before,
        "after": after,
        "day": day_text(extension.created_at.astimezone(zone).date(), language),
        "reason": extension.reason,
    }
    if not extension.closed_early:
        sentence = language.gettext(
            "Extended on %(day)s from %(before)s to %(after)s, because %(reason)s."
        )
    elif hours:
        sentence = language.gettext(
            "Closed early at %(after)s instead of %(before)s, because %(reason)s."
        )
    else:
        sentence = language.gettext(
            "Closed early on %(day)s instead of %(before)s, because %(reason)s."
        )
    return sentence % values


def offer_text(campaign: Campaign, matching: MatchingStatus, language: Language) -> str:
    """Return `Until December 20, the Reyes family adds $1 for each $1`."""
    text = language.gettext("Until %(until)s, %(sponsor)s adds %(added)s for each %(given)s")
    return text % offer_values(campaign, matching, language)


def offer_values(
    campaign: Campaign, matching: MatchingStatus, language: Language
) -> dict[str, str]:
    """Return the values for sentences about a matching gift: until, sponsor, added, given."""
    gift, currency = matching.gift, campaign.currency
    return {
        "until": _last(min(matching.until, campaign.deadline), campaign, language),
        "sponsor": gift.sponsor,
        "added": formatting.amount(gift.ratio_percent, currency, language),
        "given": formatting.amount(_HUNDRED, currency, language),
    }


def _last(until: datetime, campaign: Campaign, language: Language) -> str:
    """Return the last day if the window ends with that day, else the time."""
    day = clock.last_day(until, campaign.zone)
    if clock.end_of_day(day, campaign.zone) == until:
        return day_text(day, language)
    return hour_text(until, campaign.zone, language)


def day_text(day: date, language: Language) -> str:
    """Format a day: `December 28`."""
    return str(format_skeleton("MMMMd", day, locale=language.formats))


def hour_text(moment: datetime, zone: ZoneInfo, language: Language) -> str:
    """Format a time: `5:00 p.m. on December 28`."""
    local = moment.astimezone(zone)
    if (local.hour, local.minute) == (0, 0):
        local -= _MINUTE  # 11:59 p.m. is clearer than midnight
    return language.gettext("%(time)s on %(day)s") % {
        "time": formatting.time_of_day(local, language),
        "day": day_text(local.date(), language),
    }
