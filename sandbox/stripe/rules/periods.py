"""Billing periods in calendar months and years. Pure functions.

https://docs.stripe.com/billing/subscriptions/billing-cycle
"""

import calendar
from datetime import UTC, datetime, timedelta

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}


def after(anchor: int, interval: str, count: int) -> int:
    """Return the time `count` intervals after `anchor`. In a shorter month, the 31st becomes the last day."""
    start = datetime.fromtimestamp(anchor, UTC)
    if interval in _DAYS:
        return int((start + timedelta(days=_DAYS[interval] * count)).timestamp())
    months = start.year * 12 + start.month - 1 + _MONTHS[interval] * count
    year, month = months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())


def next_end(anchor: int, interval: str, each: int, start: int) -> int:
    """Return the end of the period that begins at `start`, counted from the anchor so that days do not drift."""
    count = each
    while after(anchor, interval, count) <= start:
        count += each
    return after(anchor, interval, count)
