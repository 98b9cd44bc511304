"""Quiet hours: no campaign emails from 21:00 to 09:00 in the recipient's time zone. Computed only here. No queries."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from campaign.core import clock
from campaign.core.errors import DeadlineInvalid

QUIET_FROM = 21
QUIET_UNTIL = 9
"""Hours in the recipient's local time: no campaign emails from 21:00 to 09:00."""

EVENING = 2
"""Hours before the quiet hours in which an email is sent that would otherwise fall into them up to the deadline."""


def known_zone(name: str | None) -> ZoneInfo | None:
    """Return the time zone with that name, or None if it is empty or unknown."""
    if not name:
        return None
    try:
        return clock.zone(name)
    except DeadlineInvalid:
        return None


def quiet_end(at: datetime, zone: ZoneInfo) -> datetime | None:
    """Return when the quiet hours in `zone` that include `at` end, in UTC, or None if `at` is outside them."""
    local = at.astimezone(zone)
    if QUIET_UNTIL <= local.hour < QUIET_FROM:
        return None
    day = local.date() if local.hour < QUIET_UNTIL else local.date() + timedelta(days=1)
    return clock.at_hour(day, QUIET_UNTIL, zone).astimezone(UTC)


def quiet_zones(names: Iterable[str], fallback: ZoneInfo, at: datetime) -> list[str]:
    """Return those of `names` with quiet hours at `at`. Unknown zones use the hours of `fallback`."""
    return [name for name in names if quiet_end(at, known_zone(name) or fallback)]


def evening_before(due: datetime, end: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the start of the last waking hours before `due`, in UTC, if all of [due, end) is quiet in `zone`.

    None if some of it is not quiet: then an email that is due at `due` can wait until the quiet hours end.
    """
    morning = quiet_end(due, zone)
    if morning is None or morning < end:
        return None
    local = due.astimezone(zone)
    day = local.date() if local.hour >= QUIET_FROM else local.date() - timedelta(days=1)
    return clock.at_hour(day, QUIET_FROM - EVENING, zone).astimezone(UTC)
