"""Now, and a campaign's calendar: local wall-clock ends, time zones and days left.

The only place that asks the system for the time. Instants are aware; UTC unless they are to be shown.
"""

import re
import time as system_time
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaign.core.errors import DeadlineInvalid

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d", re.ASCII)
_YEARS = range(2000, 2201)
_INSTANT_EXAMPLE = "2026-12-31T23:00:00-08:00"


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


def pause(seconds: float) -> None:
    """Wait; under gevent other requests go on meanwhile."""
    system_time.sleep(seconds)


def zone(name: str) -> ZoneInfo:
    """The IANA zone called `name`; raises DeadlineInvalid for anything else."""
    try:
        # Some systems list their zones again under these names, one of them with leap seconds.
        if ("/" not in name and name != "UTC") or name.startswith(("right/", "posix/")):
            raise ValueError(name)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DeadlineInvalid(
            f"{name!r} is not a time zone; give an IANA name such as America/Los_Angeles."
        ) from None


def fixed_name(timezone: ZoneInfo) -> str:
    """`UTC`, or `UTC+8` for a zone that belongs to no place; '' for one that does, and has a name of its own."""
    if timezone.key != "UTC" and not timezone.key.startswith("Etc/"):
        return ""
    hours = (timezone.utcoffset(None) or timedelta()) // timedelta(hours=1)
    return f"UTC{hours:+d}" if hours else "UTC"


def end_of_day(day: date, timezone: ZoneInfo) -> datetime:
    """The instant at which `day` is over in `timezone`: the first moment of the next day there.

    Where daylight saving skips that midnight, the day ends when the clocks change; where it repeats it, the first
    of the two counts. Both follow from `fold=0`, which reads a skipped time with the offset before the change.
    """
    midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=timezone)
    return midnight.astimezone(UTC)


def start_of_day(day: date, timezone: ZoneInfo) -> datetime:
    """The first instant of `day` in `timezone`, in UTC."""
    return end_of_day(day - timedelta(days=1), timezone)


def days_earlier(moment: datetime, timezone: ZoneInfo, days: int) -> datetime:
    """The same wall-clock time `days` calendar days before `moment` in `timezone` (after it, if negative), in UTC.

    Never an error: a time that the clocks skip or repeat is read as `end_of_day` reads it.
    """
    local = moment.astimezone(timezone) - timedelta(days=days)
    return local.replace(fold=0).astimezone(UTC)


def at_hour(day: date, hour: int, timezone: ZoneInfo) -> datetime:
    """The instant of a full hour of `day` in `timezone`, in UTC; skipped and repeated ones as `end_of_day` has them."""
    return datetime.combine(day, time(hour), tzinfo=timezone).astimezone(UTC)


def wall_clock(moment: datetime, timezone: ZoneInfo) -> datetime:
    """The instant of a naive local time; refuses times that a clock change skips or repeats."""
    first = moment.replace(tzinfo=timezone, fold=0)
    second = moment.replace(tzinfo=timezone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    returned = first.astimezone(UTC).astimezone(timezone).replace(tzinfo=None)
    what = "happens twice" if returned == moment else "does not exist"
    raise DeadlineInvalid(
        f"{moment.isoformat(sep=' ')} {what} in {timezone.key}, because the clocks change then;"
        f" give the instant with its offset, such as {_INSTANT_EXAMPLE}."
    )


def parse_deadline(text: str, timezone: ZoneInfo) -> datetime:
    """The end that `text` names: a bare date (through the end of that day), a local time, or an instant."""
    text = text.strip()
    if _DATE.match(text):
        return end_of_day(_parse_date(text), timezone)
    return _parse_moment(text, timezone)


def parse_start(text: str, timezone: ZoneInfo) -> datetime:
    """The beginning that `text` names: a bare date (from its first moment), a local time, or an instant."""
    text = text.strip()
    if _DATE.match(text):
        return start_of_day(_parse_date(text), timezone)
    return _parse_moment(text, timezone)


def parse_end(text: str, timezone: ZoneInfo) -> datetime:
    """The end that `text` names, which is no more part of it: a bare date is whole in it, an instant is the end."""
    text = text.strip()
    if _DATE.match(text):
        return start_of_day(_parse_date(text) + timedelta(days=1), timezone)
    return _parse_moment(text, timezone)


def _parse_date(text: str) -> date:
    try:
        return _in_range(date.fromisoformat(text))
    except ValueError:
        raise DeadlineInvalid(
            f"{text!r} is not a day we can work with; write it as 2026-12-31."
        ) from None


def _parse_moment(text: str, timezone: ZoneInfo) -> datetime:
    """Other notations of ISO 8601 are refused: `20261231` would be read as that day's first moment."""
    try:
        if not _MOMENT.match(text):
            raise ValueError(text)
        moment = _in_range(datetime.fromisoformat(text))
    except ValueError:
        raise DeadlineInvalid(
            f"{text!r} is neither a date (2026-12-31) nor an instant ({_INSTANT_EXAMPLE})."
        ) from None
    return wall_clock(moment, timezone) if moment.tzinfo is None else moment.astimezone(UTC)


_Day = TypeVar("_Day", bound=date)


def _in_range(moment: _Day) -> _Day:
    if moment.year not in _YEARS:
        raise ValueError(moment)
    return moment


def last_day(deadline: datetime, timezone: ZoneInfo) -> date:
    """The calendar date of the campaign's last moment: the half-open end itself is not part of it."""
    return (deadline - timedelta(microseconds=1)).astimezone(timezone).date()


def days_left(deadline: datetime, timezone: ZoneInfo, at: datetime) -> int:
    """Calendar days between today and the last day in the campaign's zone; 0 on the last day and after."""
    return max(0, (last_day(deadline, timezone) - at.astimezone(timezone).date()).days)


def seconds_left(deadline: datetime, at: datetime) -> int:
    """Whole seconds until the deadline; 0 after it."""
    return max(0, int((deadline - at).total_seconds()))
