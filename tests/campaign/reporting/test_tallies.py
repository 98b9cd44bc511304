"""Tallies by hour and day in the campaign's time zone, by size and by code."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaign.core.clock import now
from campaign.models import Campaign, TallyKind
from campaign.reporting.tallies import (
    Tally,
    by_code,
    by_day,
    by_size,
    campaign_days,
    last_hours,
    read_tallies,
    running_total,
)
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift, add_campaign, add_entry

THERE = ZoneInfo("America/Los_Angeles")


def test_days_without_gifts_are_included_and_outside_hours_count_for_the_nearest_day() -> None:
    hours = [Tally("2026-11-30T23", 1), Tally("2026-12-01T08", 2), Tally("2026-12-09T08", -4)]
    days = by_day(hours, date(2026, 12, 1), date(2026, 12, 3))
    assert [(day.key, day.amount) for day in days] == [
        ("2026-12-01", 3),
        ("2026-12-02", 0),
        ("2026-12-03", -4),
    ]
    assert running_total(days) == [3, 3, -1]


def test_a_key_without_gifts_has_nothing() -> None:
    nothing = Tally("2026-12-01")
    sums = (nothing.amount, nothing.gifts, nothing.received, nothing.payments)
    assert sums == (0, 0, 0, 0)


def test_hours_end_with_the_current_one() -> None:
    at = datetime(2026, 12, 1, 5, 30, tzinfo=UTC)
    found = last_hours([Tally("2026-12-01T04", 9)], ZoneInfo("UTC"), at, 3)
    assert [(hour.key, hour.amount) for hour in found] == [
        ("2026-12-01T03", 0),
        ("2026-12-01T04", 9),
        ("2026-12-01T05", 0),
    ]


def test_a_one_day_campaign_has_one_day() -> None:
    day = date(2026, 12, 1)
    hours = [Tally("2026-12-01T08", 2, 1, 2, 1), Tally("2026-12-02T08", 5, 1, 6, 2)]
    assert by_day(hours, day, day) == [Tally("2026-12-01", 7, 2, 8, 3)]
    assert by_day([], day, day - timedelta(days=3)) == [Tally("2026-12-01")]
    assert running_total([]) == []


def test_an_hour_repeated_by_a_clock_change_appears_once_and_a_skipped_one_never() -> None:
    # On November 1, 2026 the hour from 1 a.m. is repeated there; on March 8 the hour from 2 a.m. is skipped.
    autumn = last_hours([], THERE, datetime(2026, 11, 1, 10, tzinfo=UTC), 4)
    assert [one.key[-5:] for one in autumn] == ["01T00", "01T01", "01T02"]
    spring = last_hours([], THERE, datetime(2026, 3, 8, 11, tzinfo=UTC), 4)
    assert [one.key[-5:] for one in spring] == ["08T00", "08T01", "08T03", "08T04"]


def test_campaign_days_end_with_today_or_the_last_day() -> None:
    made = Campaign(
        starts_at=datetime(2026, 12, 1, 8, tzinfo=UTC),
        deadline=datetime(2026, 12, 11, 8, tzinfo=UTC),
        timezone="America/Los_Angeles",
    )
    first, last = date(2026, 12, 1), date(2026, 12, 10)
    for at, today in (
        (datetime(2026, 11, 20, tzinfo=UTC), first),
        (datetime(2026, 12, 5, 7, 59, tzinfo=UTC), date(2026, 12, 4)),
        (datetime(2026, 12, 5, 8, tzinfo=UTC), date(2026, 12, 5)),
        (datetime(2027, 2, 1, tzinfo=UTC), last),
    ):
        assert campaign_days(made, at) == (first, today)


def test_sizes_are_sorted_by_number_and_codes_by_amount(
    installation: Installation,
) -> None:
    campaign, other = add_campaign(installation), add_campaign(installation, slug="spring")
    with installation.sessions.begin() as session:
        for amount, code in ((2_000, "b"), (900, "a"), (10_000, "c"), (1_100, "a")):
            add_booked_gift(session, campaign, amount, code=code)
        add_booked_gift(session, other, 500, code="z")
    with installation.sessions() as session:
        assert [one.key for one in by_size(session, campaign)] == ["500", "1000", "2000", "10000"]
        codes = by_code(session, campaign)
        assert [(one.key, one.amount, one.gifts) for one in codes] == [
            ("c", 10_000, 1),
            ("a", 2_000, 2),
            ("b", 2_000, 1),
        ]


def test_all_shards_are_summed_and_refunds_count_as_received(
    installation: Installation,
) -> None:
    campaign, at = add_campaign(installation), now()
    with installation.sessions.begin() as session:
        gifts = [add_booked_gift(session, campaign, 1_000, ago=timedelta(0)) for _ in range(20)]
        add_entry(session, gifts[0], "refund", -1_000, at)
        add_entry(session, gifts[1], "refund", -400, at)
    with installation.sessions() as session:
        (found,) = read_tallies(session, campaign, TallyKind.frequency)
        assert found == Tally("one_time", 18_600, 19, 20_000, 20)
        for kind in TallyKind:
            assert sum(one.amount for one in read_tallies(session, campaign, kind)) == 18_600
