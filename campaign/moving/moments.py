"""Dates and times as people and other systems write them. Never guesses which number of 3/1/2026 is the month.

Known: ISO 8601; numbers with slashes, dashes or dots, in the order that the whole file shows or a person says; names of
months in several languages; 12 and 24 hours; offsets and abbreviations of zones; days counted by Excel; Unix seconds
and milliseconds. A year of two digits is refused.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale

from campaign.core import clock
from campaign.moving.zones import offset_hours, read_zone

YEARS = range(1900, 2201)
_EXCEL = date(1899, 12, 30)
"""Day 0 of Excel for Windows, as its serials count from March 1900 on."""

_EXCEL_DAYS = range(20_000, 73_415)
_UNIX_SECONDS = range(10**8, 7 * 10**9)
_LANGUAGES = ("en", "es", "pt", "fr", "de", "it", "nl")

_ISO = re.compile(r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?!\d)")
_NUMBERS = re.compile(r"(?P<first>\d{1,2})([-/.])(?P<second>\d{1,2})\2(?P<year>\d{4})(?!\d)")
_SHORT_YEAR = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{2}(?!\d)")
_WEEKDAY = r"(?:[^\W\d_]+\.?,?\s+)?"
_MONTH_FIRST = re.compile(
    _WEEKDAY
    + r"(?P<name>[^\W\d_]+)\.?[\s-]+(?P<day>\d{1,2})(?:[snrt][tdh])?,?[\s-]+(?P<year>\d{4})(?!\d)",
    re.IGNORECASE,
)
_DAY_FIRST = re.compile(
    _WEEKDAY
    + r"(?P<day>\d{1,2})(?:[snrt][tdh]|er|º|\.)?[\s-]+(?:of\s+|de\s+)?(?P<name>[^\W\d_]+)\.?,?[\s-]+"
    r"(?:de\s+|del\s+)?(?P<year>\d{4})(?!\d)",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?=T|\Z)")
_TIME = re.compile(
    r"(?:T|,?\s+(?:at\s+|@\s*)?)(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap]\.?\s?m\b\.?)?",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(?:(?:UTC|GMT)\s*)?(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})?\b")


class DateOrder(StrEnum):
    """Which of two numbers comes first in a date: the month or the day."""

    mdy = "mdy"
    dmy = "dmy"


@dataclass(frozen=True)
class WrittenMoment:
    """A date, perhaps with a time, perhaps with its own zone, as written."""

    day: date
    at: time | None = None
    zone: tzinfo | None = None

    def instant(self, zone: ZoneInfo) -> datetime:
        """Return it in UTC; `zone` is for one that has none. A date alone is the start of that day there.

        A local time that a clock change repeats or skips is read as the first of both, as in `clock.end_of_day`.
        """
        if self.at is None:
            return clock.start_of_day(self.day, zone)
        return datetime.combine(self.day, self.at, self.zone or zone).astimezone(UTC)


class DateEvidence:
    """Collects from all dates of a file which number is the month."""

    def __init__(self) -> None:
        self._seen: dict[DateOrder, str] = {}

    def see(self, cell: str) -> None:
        """Take one cell into account."""
        found = _NUMBERS.match(cell)
        if found is None:
            return
        first, second = int(found["first"]), int(found["second"])
        if first > 12 >= second:
            self._seen.setdefault(DateOrder.dmy, cell)
        elif second > 12 >= first:
            self._seen.setdefault(DateOrder.mdy, cell)

    @property
    def order(self) -> DateOrder | None:
        """Return the order, or None if nothing shows it or the file has both."""
        return next(iter(self._seen)) if len(self._seen) == 1 else None


_LONGEST_COUNT = 32
"""Characters of a number of days or seconds."""


def read_moment(cell: str, order: DateOrder | None) -> WrittenMoment | None:
    """Return the moment in a cell, None if it is empty. Raises ValueError, also if the order decides and is unknown."""
    text = " ".join(cell.replace("\u202f", " ").split())
    if not text:
        return None
    if re.fullmatch(r"\d+(?:\.\d+)?", text, re.ASCII) and len(text) != 8:
        return _counted(text)
    day, rest = _read_day(text, order)
    if day.year not in YEARS:
        raise ValueError(f"{text!r} has a year outside of {YEARS[0]} to {YEARS[-1]}")
    if not rest.strip(" ,"):
        return WrittenMoment(day)
    return _with_time(text, day, rest)


def _counted(text: str) -> WrittenMoment:
    """Read days of Excel, or seconds or milliseconds of Unix."""
    if len(text) > _LONGEST_COUNT:
        raise ValueError("a number this long is not a date")
    number = float(text)
    if int(number) in _EXCEL_DAYS:
        moment = datetime.combine(_EXCEL, time()) + timedelta(seconds=round(number * 86_400))
        return WrittenMoment(moment.date(), moment.time() if "." in text else None)
    for unit in (1, 1000):
        if int(number / unit) in _UNIX_SECONDS and "." not in text:
            moment = datetime.fromtimestamp(int(number / unit), UTC)
            return WrittenMoment(moment.date(), moment.time(), UTC)
    raise ValueError(f"{text!r} is not a date")


def _read_day(text: str, order: DateOrder | None) -> tuple[date, str]:
    """Return the date and what follows it."""
    for pattern in (_ISO, _COMPACT):
        found = pattern.match(text)
        if found:
            return _date(text, found["year"], found["month"], found["day"]), text[found.end() :]
    found = _NUMBERS.match(text)
    if found:
        month, day = _ordered(text, int(found["first"]), int(found["second"]), order)
        return _date(text, found["year"], month, day), text[found.end() :]
    for pattern in (_MONTH_FIRST, _DAY_FIRST):
        found = pattern.match(text)
        number = _months().get(found["name"].casefold()) if found else None
        if found and number:
            return _date(text, found["year"], number, found["day"]), text[found.end() :]
    if _SHORT_YEAR.match(text):
        raise ValueError(f"{text!r} has a year of two digits; write all four")
    raise ValueError(f"{text!r} is not a date we can read; write it as 2026-12-31")


def _ordered(text: str, first: int, second: int, order: DateOrder | None) -> tuple[int, int]:
    """Return month and day."""
    if order is DateOrder.mdy:
        return first, second
    if order is DateOrder.dmy:
        return second, first
    if first == second or second > 12:
        return first, second
    if first > 12:
        return second, first
    month_first = date(2000, first, second)
    day_first = date(2000, second, first)
    raise ValueError(
        f"{text!r} could be {month_first:%B} {month_first.day} or {day_first:%B} {day_first.day};"
        " choose the order of the dates (--dates mdy is month first, --dates dmy day first)"
    )


def _date(text: str, year: str, month: str | int, day: str | int) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError(f"{text!r} is not a date that exists") from None


@cache
def _months() -> dict[str, int]:
    """Return the number of each month by its names, without those that mean different months in two languages."""
    found: dict[str, set[int]] = {}
    for language in _LANGUAGES:
        months = Locale(language).months
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in months[context][width].items():
                    found.setdefault(str(name).casefold().rstrip("."), set()).add(number)
    found["sept"] = {9}
    return {name: next(iter(numbers)) for name, numbers in found.items() if len(numbers) == 1}


def _with_time(text: str, day: date, rest: str) -> WrittenMoment:
    found = _TIME.match(rest)
    if found is None or not (found["minute"] or found["half"]):
        raise ValueError(f"{text!r} is not a date and time we can read; write 2026-12-31 17:00")
    try:
        at = time(_hour(found), int(found["minute"] or 0), int(found["second"] or 0))
    except ValueError:
        raise ValueError(f"{text!r} is not a time that exists") from None
    return WrittenMoment(day, at, _own_zone(text, rest[found.end() :].strip()))


def _hour(found: re.Match[str]) -> int:
    hour = int(found["hour"])
    if not found["half"]:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if found["half"][0] in "pP" else 0)


def _own_zone(text: str, rest: str) -> tzinfo | None:
    """Return the zone that a time names: `Z`, `-08:00`, `EST`, `+0000 UTC`, `America/Denver`; None if it names none."""
    rest = re.sub(r"\s*[(\[].*[)\]]\Z", "", rest)
    if not rest:
        return None
    offset = _OFFSET.match(rest)
    if offset:
        minutes = int(offset["hours"]) * 60 + int(offset["minutes"] or 0)
        if minutes < 24 * 60:
            return timezone(timedelta(minutes=-minutes if offset["sign"] == "-" else minutes))
    hours = offset_hours(rest)
    if hours is not None:
        return timezone(timedelta(hours=hours))
    if "/" in rest:
        return ZoneInfo(read_zone(rest))
    raise ValueError(f"{text!r} ends with {rest!r}, which is not a time zone we know")
