"""Pace and forecast for series with known results."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from campaign.models import Campaign
from campaign.reporting.pace import (
    forecast,
    forecast_by_previous_campaign,
    pace,
    round_to_units,
)
from campaign.reporting.tallies import Tally

START = datetime(2026, 12, 1, tzinfo=UTC)


def campaign(days: int = 20, goal: int = 1_000_000) -> Campaign:
    return Campaign(
        starts_at=START,
        deadline=START + timedelta(days=days),
        goal=goal,
        timezone="UTC",
        currency="usd",
    )


def steady(days: int, amount: int = 10_000, gifts: int = 10) -> list[Tally]:
    """Return equal complete days, and nothing yet today."""
    complete = [
        Tally(f"2026-12-{day + 1:02d}", amount, gifts, amount, gifts) for day in range(days)
    ]
    return [*complete, Tally(f"2026-12-{days + 1:02d}")]


def test_equal_days_have_a_range_of_zero() -> None:
    found = forecast(campaign(), 50_000, steady(5), START + timedelta(days=5))
    assert found is not None
    assert (found.expected, found.low, found.high, found.days) == (200_000, 200_000, 200_000, 5)


def test_unequal_days_widen_the_range_around_the_same_mean() -> None:
    days = [Tally("a", 5_000, 10, 5_000, 10), Tally("b", 15_000, 10, 15_000, 10)] * 3 + [
        Tally("today")
    ]
    found = forecast(campaign(), 60_000, days, START + timedelta(days=6))
    assert found is not None
    assert found.expected == 200_000
    # 1.28 * 5477.23 (of six days) * sqrt(14)
    assert found.high - found.expected == pytest.approx(26_200, abs=100)
    assert found.low == 2 * found.expected - found.high


def test_a_forecast_is_never_below_the_amount_raised() -> None:
    days = [Tally("a", 100_000, 30, 100_000, 30), Tally("b", 0), Tally("c", 0), Tally("today")]
    found = forecast(campaign(), 100_000, days, START + timedelta(days=3))
    assert found is not None
    assert found.low >= 100_000


@pytest.mark.parametrize(
    ("days", "at"),
    [(steady(2), 2), (steady(5, gifts=3), 5), (steady(5), 20)],
    ids=["two days", "fifteen gifts", "after the end"],
)
def test_there_is_no_forecast_with_too_little_data(days: list[Tally], at: int) -> None:
    assert forecast(campaign(), 50_000, days, START + timedelta(days=at)) is None


def test_the_previous_campaigns_closing_is_applied_by_share() -> None:
    before = [10, 20, 30, 40, 100]
    assert forecast_by_previous_campaign(80_000, 1, before, "usd") == 200_000
    assert forecast_by_previous_campaign(80_000, 0, before, "usd") is None
    assert forecast_by_previous_campaign(80_000, 9, before, "usd") is None
    assert forecast_by_previous_campaign(0, 1, before, "usd") is None


def test_the_pace_needed_and_the_pace_so_far() -> None:
    hours = [
        Tally("2026-12-09T12", 7_000),
        Tally("2026-12-10T11", 1_000),
        Tally("2026-12-10T13", 2_000),
    ]
    found = pace(campaign(), 100_000, hours, START + timedelta(days=10))
    assert found.needed == 90_000
    assert found.last_day == 3_000
    assert found.last_week == round(10_000 / 7)
    assert found.since_start == 10_000


def test_on_the_last_day_the_whole_rest_is_needed_and_afterwards_nothing() -> None:
    assert pace(campaign(), 400_000, [], START + timedelta(days=19, hours=12)).needed == 600_000
    assert pace(campaign(), 2_000_000, [], START + timedelta(days=5)).needed == 0
    assert pace(campaign(), 400_000, [], START + timedelta(days=21)).needed is None


@pytest.mark.parametrize(
    ("complete", "payments", "found"),
    [(3, 20, True), (3, 19, False), (2, 20, False)],
)
def test_a_forecast_needs_three_complete_days_and_twenty_payments(
    complete: int, payments: int, *, found: bool
) -> None:
    days = [Tally(str(number), 1_000) for number in range(complete)]
    # Payments of today count, and so do those that were refunded.
    days.append(Tally("today", 0, 0, 5_000, payments))
    at = START + timedelta(days=complete)
    assert (forecast(campaign(), 3_000, days, at) is not None) is found


def test_a_forecast_is_of_the_last_fourteen_complete_days() -> None:
    days = [Tally("early", 900_000, 30, 900_000, 30), *steady(14)]
    result = forecast(campaign(), 1_040_000, days, START + timedelta(days=15))
    assert result is not None
    assert (result.expected, result.days) == (1_040_000 + 5 * 10_000, 14)


def test_a_day_or_a_week_begins_after_the_hour_in_which_it_was_that_long_ago() -> None:
    hours = [
        Tally("2026-12-04T00", 1),
        Tally("2026-12-04T01", 7_000),
        Tally("2026-12-10T00", 70_000),
        Tally("2026-12-10T01", 700_000),
    ]
    found = pace(campaign(), 777_001, hours, START + timedelta(days=10))
    assert (found.last_day, found.last_week) == (700_000, 777_000 / 7)


def test_with_a_day_and_a_half_left_two_thirds_of_the_rest_are_needed_a_day() -> None:
    at = START + timedelta(days=18, hours=12)
    assert pace(campaign(), 400_000, [], at).needed == 400_000


def test_there_is_a_forecast_until_the_deadline() -> None:
    for left in (timedelta(days=1), timedelta(hours=1)):
        assert forecast(campaign(), 50_000, steady(5), START + timedelta(days=20) - left)


def test_the_smallest_amounts_of_the_previous_campaign_and_of_this_one_count() -> None:
    assert forecast_by_previous_campaign(1, 1, [1, 1], "jpy") == 1
    assert forecast_by_previous_campaign(2, 1, [1, 2, 4], "jpy") == 4
    # All of it was refunded at last.
    assert forecast_by_previous_campaign(80_000, 1, [10, 20, 0], "usd") is None


def test_an_estimate_has_no_cents_and_currencies_without_decimals_no_hundreds() -> None:
    assert round_to_units(Decimal("123456.7"), "usd") == 123_500
    assert round_to_units(Decimal(123_449), "usd") == 123_400
    assert round_to_units(Decimal("123456.7"), "jpy") == 123_457
    assert forecast_by_previous_campaign(1_234, 1, [3, 7], "jpy") == 2_879


def test_the_previous_campaign_must_have_had_that_many_days_and_gifts_by_then() -> None:
    before = [10, 20, 30, 40, 100]
    assert forecast_by_previous_campaign(80_000, 4, before, "usd") == 800_000
    assert forecast_by_previous_campaign(80_000, 5, before, "usd") is None
    assert forecast_by_previous_campaign(80_000, 1, [0, 100], "usd") is None
    assert forecast_by_previous_campaign(80_000, 1, [10, 0], "usd") is None
    assert forecast_by_previous_campaign(80_000, 1, [], "usd") is None


def test_the_pace_of_a_young_campaign_is_of_the_days_that_have_passed() -> None:
    hours = [Tally("2026-12-01T12", 3_000), Tally("2026-12-02T12", 1_000)]
    found = pace(campaign(), 4_000, hours, START + timedelta(days=2))
    assert (found.last_week, found.since_start, found.last_day) == (2_000, 2_000, 1_000)
    # On the first day, and before it, a day is the least.
    for later in (timedelta(hours=1), timedelta(), timedelta(days=-1)):
        assert pace(campaign(), 4_000, hours, START + later).since_start == 4_000


def test_the_pace_needed_is_rounded_up_and_is_none_from_the_deadline_on() -> None:
    assert pace(campaign(goal=1_000), 0, [], START + timedelta(days=17)).needed == 334
    moment = timedelta(microseconds=1)
    end = START + timedelta(days=20)
    assert pace(campaign(goal=1_000), 0, [], end - moment).needed == 1_000
    assert pace(campaign(goal=1_000), 0, [], end).needed is None


def test_after_the_deadline_the_pace_is_of_the_campaigns_last_days() -> None:
    hours = [Tally("2026-12-19T23", 5_000), Tally("2026-12-20T01", 700)]
    found = pace(campaign(), 20_000, hours, START + timedelta(days=60))
    assert (found.last_day, found.since_start) == (700, 1_000)
