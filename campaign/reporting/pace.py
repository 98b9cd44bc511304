"""A campaign's pace, the pace it needs, and a forecast of its total. Plain arithmetic, no database access.

The forecast continues the mean of the complete days so far, at most the last 14, to the deadline. Its range is 1.28
standard deviations of a day times the square root of the days left: if days are independent and alike, 80 % of
campaigns end within it. Year-end campaigns close with a rush that the mean of earlier days does not predict, so a
second figure shows the total if this campaign closes like the previous one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from statistics import mean, stdev

from campaign.core import money
from campaign.models import Campaign
from campaign.reporting.tallies import Tally

FEWEST_DAYS = 3
FEWEST_GIFTS = 20
MOST_DAYS = 14
WITHIN = Decimal("1.28")
"""Standard deviations that cover 80 % of a normal distribution."""
DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_ONE = Decimal(1)


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
        days = max(_days(left), _ONE)
        needed = max(0, int(((campaign.goal - raised) / days).to_integral_value(ROUND_CEILING)))
    end = min(at, campaign.deadline)
    passed = max(_days(end - campaign.starts_at), _ONE)
    return Pace(
        needed=needed,
        last_day=_since(campaign, hours, end - DAY),
        last_week=_whole(_since(campaign, hours, end - 7 * DAY) / min(Decimal(7), passed)),
        since_start=_whole(raised / passed),
    )


def _days(length: timedelta) -> Decimal:
    """Return a length of time in days, exact to the microsecond."""
    return Decimal(length // _MICROSECOND) / (DAY // _MICROSECOND)


def _whole(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_UP))


def _since(campaign: Campaign, hours: Sequence[Tally], moment: datetime) -> int:
    """Return the net amount of all hours after the hour of `moment`."""
    name = f"{moment.astimezone(campaign.zone):%Y-%m-%dT%H}"
    return sum(hour.amount for hour in hours if hour.key > name)


def forecast(
    campaign: Campaign, raised: int, days: Sequence[Tally], at: datetime
) -> Forecast | None:
    """Forecast from the mean of the complete days in `days`, which ends with today. None with too little data."""
    left = _days(campaign.deadline - at)
    complete = [Decimal(day.amount) for day in days[:-1]][-MOST_DAYS:]
    gifts = sum(day.payments for day in days)
    if left <= 0 or len(complete) < FEWEST_DAYS or gifts < FEWEST_GIFTS:
        return None
    expected = raised + mean(complete) * left
    span = WITHIN * stdev(complete) * left.sqrt()
    return Forecast(
        expected=round_to_units(expected, campaign.currency),
        low=max(raised, round_to_units(expected - span, campaign.currency)),
        high=round_to_units(expected + span, campaign.currency),
        days=len(complete),
    )


def round_to_units(amount: Decimal, currency: str) -> int:
    """Round to whole units of the currency, returned in minor units: an estimate has no cents."""
    unit: int = 10 ** money.decimals(currency)
    return _whole(amount / unit) * unit


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
    return round_to_units(Decimal(raised) * last_totals[-1] / then, currency)
