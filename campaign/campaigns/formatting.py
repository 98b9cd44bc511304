"""Amounts, dates, deadlines and time zones as text in a language. No queries; for emails and receipts."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_decimal, format_percent

from campaign.campaigns.progress import Progress
from campaign.core import clock, money
from campaign.core.i18n import Language
from campaign.models import Campaign


def amount(minor: int, currency: str, language: Language) -> str:
    """Format minor units of `currency` as people write them: `$1,000`."""
    return money.format_money(minor, currency, language.formats)


def number(count: int, language: Language) -> str:
    """Format a number: `1,204`."""
    return str(format_decimal(count, locale=language.formats))


def percent(share: Decimal | int, language: Language) -> str:
    """Format a percentage (100 is all of it) with at most one decimal, rounded half up: `24.7%`, never `-0%`."""
    # Adding 0 removes the sign of a negative zero.
    rounded = Decimal(share).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP) + 0
    written = format_percent(
        rounded.scaleb(-2), locale=language.formats, decimal_quantization=False
    )
    return str(written)


def long_date(day: date, language: Language) -> str:
    """Format a date: `December 31, 2026`."""
    return str(format_date(day, "long", locale=language.formats))


def short_date(day: date, language: Language) -> str:
    """Format a date for tables: `Dec 31, 2026`."""
    return str(format_date(day, "medium", locale=language.formats))


def date_there(moment: datetime | None, zone: ZoneInfo, language: Language) -> str:
    """Format the date of an instant in `zone`: `December 31, 2026`; '' for None."""
    return long_date(moment.astimezone(zone).date(), language) if moment else ""


def weekday_date(day: date, language: Language) -> str:
    """Format a date with its weekday: `Thursday, December 31`."""
    # Translators: how a weekday and a date are written, in the letters of
    # https://www.unicode.org/reports/tr35/tr35-dates.html#Date_Format_Patterns
    return str(format_date(day, language.gettext("EEEE, MMMM d"), locale=language.formats))


def moment_there(moment: datetime, zone: ZoneInfo, language: Language) -> str:
    """Format an instant: `9:05 a.m. on Tuesday, December 22, Pacific time`."""
    local = moment.astimezone(zone)
    return language.gettext("%(time)s on %(day)s, %(zone)s") % {
        "time": time_of_day(local, language),
        "day": weekday_date(local.date(), language),
        "zone": zone_name(zone, language),
    }


def time_of_day(local: datetime, language: Language) -> str:
    """Format a time as newspapers write it: `9:05 a.m.`

    With plain spaces, because some mail programs' fonts lack the narrow one.
    """
    written = str(format_time(local, "short", tzinfo=local.tzinfo, locale=language.formats))
    plain = written.replace("\u202f", " ").replace("\u00a0", " ")
    return plain.replace("AM", "a.m.").replace("PM", "p.m.")


def time_with_zone(moment: datetime, zone: ZoneInfo, language: Language) -> str:
    """Format the time of an instant in `zone`, with the zone's abbreviation: `9:05 a.m. PST`."""
    local = moment.astimezone(zone)
    return f"{time_of_day(local, language)} {local:%Z}"


def zone_name(zone: ZoneInfo, language: Language) -> str:
    """Name a time zone as a newspaper does: `Pacific time`."""
    if fixed := clock.fixed_name(zone):
        return fixed
    name = str(
        get_timezone_name(zone, width="long", zone_variant="generic", locale=language.formats)
    )
    return name.removesuffix(" Time") + " time" if name.endswith(" Time") else name


def ending(campaign: Campaign, language: Language) -> str:
    """Return the deadline in words, to follow `until`: `11:59 p.m. on Thursday, December 31, Pacific time`."""
    return ending_at(campaign.deadline, campaign.zone, language)


def ending_at(deadline: datetime, zone: ZoneInfo, language: Language) -> str:
    """Return any deadline in words, to follow `until`; see `ending`."""
    local = deadline.astimezone(zone)
    if (local.hour, local.minute, local.second) != (0, 0, 0):
        return moment_there(deadline, zone, language)
    last = clock.last_day(deadline, zone)
    return language.gettext("11:59 p.m. on %(day)s, %(zone)s") % {
        "day": weekday_date(last, language),
        "zone": zone_name(zone, language),
    }


def hours_left(progress: Progress, language: Language) -> str:
    """Return what was left when an email was sent: `about 4 hours`; '' before the last 24 hours and after the end.

    To follow `When we sent this email`, so that it is true whenever it is read.
    """
    seconds = progress.seconds_left
    if not 0 < seconds <= 86_400:
        return ""
    if seconds < 3600:
        return language.gettext("less than an hour")
    hours = max(1, seconds // 3600)
    return language.ngettext("about %(hours)s hour", "about %(hours)s hours", hours) % {
        "hours": number(hours, language)
    }


def days_left(progress: Progress, language: Language) -> str:
    """Return `9 days left`; '' in the last 24 hours, because emails are read later and can give only the deadline."""
    if progress.seconds_left <= 86_400:
        return ""
    left = max(1, progress.days_left)
    return language.ngettext("%(days)s day left", "%(days)s days left", left) % {
        "days": number(left, language)
    }


def days(count: int, language: Language) -> str:
    """Format a number of days: `9 days`."""
    return language.ngettext("%(days)s day", "%(days)s days", count) % {
        "days": number(count, language)
    }


def raised_so_far(progress: Progress, language: Language) -> str:
    """Return the progress in words: `$31,250 of $50,000, from 412 readers`."""
    values = {
        "raised": amount(progress.raised, progress.campaign.currency, language),
        "goal": amount(progress.campaign.goal, progress.campaign.currency, language),
        "readers": readers(progress.donors, language),
    }
    if not progress.donors:
        return language.gettext("%(raised)s of %(goal)s") % values
    return language.gettext("%(raised)s of %(goal)s, from %(readers)s") % values


def readers(count: int, language: Language) -> str:
    """Format a number of readers: `412 readers`."""
    return language.ngettext("%(count)s reader", "%(count)s readers", count) % {
        "count": number(count, language)
    }
