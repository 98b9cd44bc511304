"""The date of an offline gift, and when it counts."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from campaign.donations.gift_dates import gift_day, latest_day, place_offline_gift
from campaign.models import Campaign, OfflineKind

RECEIVED, POSTMARK = date(2027, 1, 5), date(2026, 12, 31)
PACIFIC = ZoneInfo("America/Los_Angeles")


@pytest.mark.parametrize(
    ("kind", "postmark", "day"),
    [
        (OfflineKind.cheque, POSTMARK, POSTMARK),
        (OfflineKind.cheque, None, RECEIVED),
        (OfflineKind.cash, POSTMARK, RECEIVED),
        (OfflineKind.donor_advised_fund, POSTMARK, RECEIVED),
        (OfflineKind.stock, POSTMARK, RECEIVED),
    ],
)
def test_only_a_mailed_check_counts_by_its_postmark(
    kind: OfflineKind, postmark: date | None, day: date
) -> None:
    assert gift_day(kind, RECEIVED, postmark) == day


def campaign() -> Campaign:
    """From 6 p.m. on December 1 through December 31 in Los Angeles."""
    return Campaign(
        slug="year-end",
        timezone="America/Los_Angeles",
        starts_at=datetime(2026, 12, 2, 2, tzinfo=UTC),
        deadline=datetime(2027, 1, 1, 8, tzinfo=UTC),
        grace_days=14,
    )


LATER = datetime(2027, 1, 6, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "at", "moment", "counts"),
    [
        (date(2026, 12, 20), LATER, datetime(2026, 12, 20, 20, tzinfo=UTC), True),
        # The opening's own day counts from its morning on, and is booked at the opening.
        (date(2026, 12, 1), LATER, datetime(2026, 12, 2, 2, tzinfo=UTC), True),
        (date(2026, 12, 31), LATER, datetime(2026, 12, 31, 20, tzinfo=UTC), True),
        (date(2026, 11, 30), LATER, datetime(2026, 11, 30, 20, tzinfo=UTC), False),
        (date(2027, 1, 1), LATER, datetime(2027, 1, 1, 20, tzinfo=UTC), False),
        # Entered in the morning: not booked ahead of the clock.
        (date(2026, 12, 20), datetime(2026, 12, 20, 17, tzinfo=UTC), datetime(2026, 12, 20, 17, tzinfo=UTC), True),
    ],
)  # fmt: skip
def test_a_gift_is_booked_at_noon_of_its_day_inside_the_window(
    day: date, at: datetime, moment: datetime, counts: bool
) -> None:
    place = place_offline_gift(campaign(), day, at)
    assert (place.charged_at, place.counts, place.late) == (moment, counts, False)
    assert bool(place.why_not) is not counts


def test_a_deadline_before_noon_still_includes_its_day() -> None:
    early = campaign()
    early.deadline = datetime(2026, 12, 31, 17, tzinfo=UTC)
    place = place_offline_gift(early, date(2026, 12, 31), LATER)
    assert place.counts
    assert early.counts(place.charged_at)


def test_a_check_after_the_final_result_belongs_but_does_not_count() -> None:
    place = place_offline_gift(campaign(), POSTMARK, datetime(2027, 1, 15, 8, tzinfo=UTC))
    assert (place.counts, place.late, place.why_not) == (
        False,
        True,
        "the result of year-end is final",
    )
    assert campaign().counts(place.charged_at)


def test_today_is_the_latest_date_in_either_zone() -> None:
    at = datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert latest_day(at, PACIFIC, ZoneInfo("Asia/Tokyo")) == date(2027, 1, 1)
    assert latest_day(at, PACIFIC) == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 11, 30), "2026-11-30 is before year-end began, on 2026-12-01"),
        (date(2027, 1, 1), "2027-01-01 is after the last day of year-end, 2026-12-31"),
    ],
)
def test_a_gift_outside_says_on_which_side(day: date, said: str) -> None:
    assert place_offline_gift(campaign(), day, LATER).why_not == said


def test_an_early_gift_is_never_booked_in_the_future() -> None:
    entered = datetime(2026, 11, 30, 17, tzinfo=UTC)
    place = place_offline_gift(campaign(), date(2026, 11, 30), entered)
    assert (place.charged_at, place.counts) == (entered, False)


def test_a_gift_of_the_first_morning_is_booked_at_the_opening_even_if_entered_before() -> None:
    at = datetime(2026, 12, 1, 20, tzinfo=UTC)
    place = place_offline_gift(campaign(), date(2026, 12, 1), at)
    assert (place.charged_at, place.counts) == (campaign().starts_at, True)


def test_the_last_moment_of_the_window_is_before_its_deadline() -> None:
    early = campaign()
    early.deadline = datetime(2026, 12, 31, 17, tzinfo=UTC)
    place = place_offline_gift(early, date(2026, 12, 31), LATER)
    assert place.charged_at == datetime(2026, 12, 31, 16, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "late"),
    [
        (datetime(2027, 1, 15, 7, 59, 59, tzinfo=UTC), False),
        (datetime(2027, 1, 15, 8, tzinfo=UTC), True),
    ],
)
def test_a_gift_counts_until_the_grace_days_are_over(at: datetime, late: bool) -> None:
    place = place_offline_gift(campaign(), POSTMARK, at)
    assert (place.late, place.counts) == (late, not late)
