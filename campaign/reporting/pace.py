"""How fast the campaign goes, how fast it must go, and where it would end. Plain arithmetic: nothing is read.

The forecast is the mean of the complete days so far, at most the last fourteen, carried on to the deadline; its span
is 1.28 standard deviations of a day times the square root of the days left: where days are alike and do not depend on
each other, four of five campaigns end within it. Year-end campaigns close with a rush, which no mean of earlier days
knows; so beside it stands where this one would end if it closed as the last one did.
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
"""Standard deviations that hold four of five outcomes of a normal distribution."""
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pace:
    """Minor units a day: needed from now on (0 once the goal is met, None after the end), and so far."""

    needed: int | None
    last_day: int
    last_week: int
    since_start: int


@dataclass(frozen=True)
class Forecast:
    """What will have been raised at the deadline: expected, and the span of four in five; it rests on `days`."""

    expected: int
    low: int
    high: int
    days: int


def pace(campaign: Campaign, raised: int, hours: Sequence[Tally], at: datetime) -> Pace:
    """The pace at `at`; `hours` are the campaign's hourly tallies."""
    left = campaign.deadline - at
    needed = None
    if left > timedelta():
        # Less than a day is left: all of it is needed today.
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
    """Net, from the hour after that of `moment` on."""
    name = f"{moment.astimezone(campaign.zone):%Y-%m-%dT%H}"
    return sum(hour.amount for hour in hours if hour.key > name)


def forecast(
    campaign: Campaign, raised: int, days: Sequence[Tally], at: datetime
) -> Forecast | None:
    """By the mean of the complete days in `days`, the last of which is today; None while that is too little."""
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
    """Rounded to full units of the currency, in minor units: an estimate has no cents."""
    unit: int = 10 ** money.decimals(currency)
    return round(amount / unit) * unit


def forecast_by_previous_campaign(
    raised: int, days_left: int, last_totals: Sequence[int], currency: str
) -> int | None:
    """What would be raised if the last campaign's closing repeats itself; None where it tells nothing.

    `last_totals`: what that one had raised at the end of each of its days, the last one last. Had it raised a fifth
    of its total with as many days to go, this one is taken to stand at a fifth.
    """
    if not last_totals or last_totals[-1] <= 0 or not 0 < days_left < len(last_totals):
        return None
    then = last_totals[-1 - days_left]
    if then <= 0 or raised <= 0:
        return None
    return round_to_units(raised * last_totals[-1] / then, currency)
