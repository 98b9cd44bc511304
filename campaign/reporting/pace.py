"""A campaign's pace, the pace it needs, and a forecast of its total. Plain arithmetic, no database access.

The forecast continues the mean of the complete days so far, at most the last 14, to the deadline. Its range is 1.28
standard deviations of a day times the square root of the days left: if days are independent and alike, 80 % of
campaigns end within it. Year-end campaigns close with a rush that the mean of earlier days does not predict, so a
second figure shows the total if this campaign closes like the previous one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, stdev

from campaign.core import money
from campaign.models import Campaign
from campaign.reporting.tallies import Tally

FEWEST_DAYS = 3
FEWEST_GIFTS = 20
MOST_DAYS = 14
WITHIN = 1.28
"""Standard deviations that cover 80 % of a normal distribution."""
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pace:
    """Minor units per day: needed from now on (0 once the goal is reached, None after the deadline), and so far."""

    needed: int | None
    last_day: int
    last_week: int
    since_start: int


@dataclass(frozen=True)
class Forecast:
    """The expected total at the deadline and its 80 % range, in minor units, based on `days` complete days."""

    expected: int
    low: int
    high: int
    days: int


def pace(campaign: Campaign, raised: int, hours: Sequence[Tally], at: datetime) -> Pace:
    """Return the pace at `at`; `hours` are the campaign's hourly tallies."""
    left = campaign.deadline - at
    needed = None
    if left > timedelta():
        # With less than a day left, the whole rest is needed today.
        days = max(left / DAY, 1.0)
        needed = max(0, math.ceil((campaign.goal - raised) / days))
    end = min(at, campaign.deadline)
    passed = max((end - campaign.starts_at) / DAY, 1.0)
    return Pace(
        needed=needed,
        last_day=_since(campaign, hours, end - DAY),
        last_week=round(_since(campaign, hours, end - 7 * DAY) / min(7.0, passed)),
        since_start=round(raised / passed),
    )


def _since(campaign: Campaign, hours: Sequence[Tally], moment: datetime) -> int:
    """Return the net amount of all hours after the hour of `moment`."""
    name = f"{moment.astimezone(campaign.zone):%Y-%m-%dT%H}"
    return sum(hour.amount for hour in hours if hour.key > name)


def forecast(
    campaign: Campaign, raised: int, days: Sequence[Tally], at: datetime
) -> Forecast | None:
    """Forecast from the mean of the complete days in `days`, which ends with today. None with too little data."""
    left = (campaign.deadline - at) / DAY
    complete = [day.amount for day in days[:-1]][-MOST_DAYS:]
    gifts = sum(day.payments for day in days)
    if left <= 0 or len(complete) < FEWEST_DAYS or gifts < FEWEST_GIFTS:
        return None
    expected = raised + fmean(complete) * left
    span = WITHIN * stdev(complete) * math.sqrt(left)
    return Forecast(
        expected=round_to_units(expected, campaign.currency),
        low=max(raised, round_to_units(expected - span, campaign.currency)),
        high=round_to_units(expected + span, campaign.currency),
        days=len(complete),
    )


def round_to_units(amount: float, currency: str) -> int:
    """Round to whole units of the currency, returned in minor units: an estimate has no cents."""
    unit: int = 10 ** money.decimals(currency)
    return round(amount / unit) * unit


def forecast_by_previous_campaign(
    raised: int, days_left: int, last_totals: Sequence[int], currency: str
) -> int | None:
    """Return the total if this campaign closes like the previous one, or None if that cannot be computed.

    `last_totals` is what the previous campaign had raised at the end of each of its days, in order. If it had raised
    a fifth of its total with this many days left, this campaign is assumed to be at a fifth of its own.
    """
    if not last_totals or last_totals[-1] <= 0 or not 0 < days_left < len(last_totals):
        return None
    then = last_totals[-1 - days_left]
    if then <= 0 or raised <= 0:
        return None
    return round_to_units(raised * last_totals[-1] / then, currency)
