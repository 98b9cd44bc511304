"""The current time, and a campaign's calendar: local deadlines, time zones and days left.

The only module that reads the system clock. All datetimes are aware, and in UTC except for display.
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
_TIMESTAMP_EXAMPLE = "2026-12-31T23:00:00-08:00"


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def pause(seconds: float) -> None:
    """Sleep for `seconds`. Under gevent, other requests run meanwhile."""
    system_time.sleep(seconds)


def zone(name: str) -> ZoneInfo:
    """Return the IANA time zone `name`; raises DeadlineInvalid for anything else."""
    try:
        # Some systems list all zones again under these prefixes; those under `right/` count leap seconds.
        if ("/" not in name and name != "UTC") or name.startswith(("right/", "posix/")):
            raise ValueError(name)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DeadlineInvalid(
            f"{name!r} is not a time zone. Use an IANA name such as America/Los_Angeles."
        ) from None


def fixed_name(timezone: ZoneInfo) -> str:
    """Return `UTC`, or `UTC+8`, for a zone with a fixed offset; '' for a zone named after a place."""
    if timezone.key != "UTC" and not timezone.key.startswith("Etc/"):
        return ""
    hours = (timezone.utcoffset(None) or timedelta()) // timedelta(hours=1)
    return f"UTC{hours:+d}" if hours else "UTC"


def end_of_day(day: date, timezone: ZoneInfo) -> datetime:
    """Return the end of `day` in `timezone`, in UTC: the first instant of the next day there.

    If daylight saving skips that midnight, the day ends when the clocks change; if it repeats it, the first of the two
    counts. Both follow from `fold=0`, which reads a skipped time with the offset before the change.
    """
    midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=timezone)
    return midnight.astimezone(UTC)


def start_of_day(day: date, timezone: ZoneInfo) -> datetime:
    """Return the first instant of `day` in `timezone`, in UTC."""
    return end_of_day(day - timedelta(days=1), timezone)


def days_earlier(moment: datetime, timezone: ZoneInfo, days: int) -> datetime:
    """Return the same local time `days` days before `moment` in `timezone` (after it, if negative), in UTC.

    Never fails: a skipped or repeated time is handled as in `end_of_day`.
    """
    local = moment.astimezone(timezone) - timedelta(days=days)
    return local.replace(fold=0).astimezone(UTC)


def at_hour(day: date, hour: int, timezone: ZoneInfo) -> datetime:
    """Return `hour`:00 on `day` in `timezone`, in UTC. Skipped and repeated hours are handled as in `end_of_day`."""
    return datetime.combine(day, time(hour), tzinfo=timezone).astimezone(UTC)


def wall_clock(moment: datetime, timezone: ZoneInfo) -> datetime:
    """Convert a naive local time to UTC; raises DeadlineInvalid if a clock change skips or repeats it."""
    first = moment.replace(tzinfo=timezone, fold=0)
    second = moment.replace(tzinfo=timezone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    returned = first.astimezone(UTC).astimezone(timezone).replace(tzinfo=None)
    what = "happens twice" if returned == moment else "does not exist"
    raise DeadlineInvalid(
        f"{moment.isoformat(sep=' ')} {what} in {timezone.key}, because the clocks change then."
        f" Add the UTC offset, as in {_TIMESTAMP_EXAMPLE}."
    )


def parse_deadline(text: str, timezone: ZoneInfo) -> datetime:
    """Parse a deadline: a date (through the end of that day), a local time, or a timestamp with offset."""
    text = text.strip()
    if _DATE.match(text):
        return end_of_day(_parse_date(text), timezone)
    return _parse_moment(text, timezone)


def parse_start(text: str, timezone: ZoneInfo) -> datetime:
    """Parse the start of a period: a date (from its first instant), a local time, or a timestamp with offset."""
    text = text.strip()
    if _DATE.match(text):
        return start_of_day(_parse_date(text), timezone)
    return _parse_moment(text, timezone)


def parse_end(text: str, timezone: ZoneInfo) -> datetime:
    """Parse the exclusive end of a period: a date includes that whole day; a time ends the period at that instant."""
    text = text.strip()
    if _DATE.match(text):
        return start_of_day(_parse_date(text) + timedelta(days=1), timezone)
    return _parse_moment(text, timezone)


def _parse_date(text: str) -> date:
    try:
        return _in_range(date.fromisoformat(text))
    except ValueError:
        raise DeadlineInvalid(f"{text!r} is not a valid date. Write it as 2026-12-31.") from None


def _parse_moment(text: str, timezone: ZoneInfo) -> datetime:
    """Parse a local time or a timestamp. Rejects other ISO 8601 forms: `20261231` would mean that day's start."""
    try:
        if not _MOMENT.match(text):
            raise ValueError(text)
        moment = _in_range(datetime.fromisoformat(text))
    except ValueError:
        raise DeadlineInvalid(
            f"{text!r} is neither a date (2026-12-31) nor a timestamp ({_TIMESTAMP_EXAMPLE})."
        ) from None
    return wall_clock(moment, timezone) if moment.tzinfo is None else moment.astimezone(UTC)


_Day = TypeVar("_Day", bound=date)


def _in_range(moment: _Day) -> _Day:
    if moment.year not in _YEARS:
        raise ValueError(moment)
    return moment


def last_day(deadline: datetime, timezone: ZoneInfo) -> date:
    """Return the date of the campaign's last instant. The deadline itself is exclusive."""
    return (deadline - timedelta(microseconds=1)).astimezone(timezone).date()


def days_left(deadline: datetime, timezone: ZoneInfo, at: datetime) -> int:
    """Return the calendar days from today to the last day in the campaign's zone; 0 on the last day and after."""
    return max(0, (last_day(deadline, timezone) - at.astimezone(timezone).date()).days)


def seconds_left(deadline: datetime, at: datetime) -> int:
    """Return the whole seconds until the deadline; 0 after it."""
    return max(0, int((deadline - at).total_seconds()))
