"""When each step of the email schedule is due and how long its window is open, across clock changes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from campaign.campaigns import schedule
from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.campaigns.schedule_edits import StepChange, change_step
from campaign.core import clock
from campaign.models import Campaign, CampaignStep
from campaign.runtime.context import Installation
from tests.support.schedule import local_time, windows

WANTED = NewCampaign(
    slug="winter",
    title="Winter",
    goal="50000",
    start="2026-12-01",
    deadline="2026-12-31",
    timezone="America/Los_Angeles",
)
BLINK = timedelta(microseconds=1)

Create = Callable[..., Campaign]


@pytest.fixture
def create(installation: Installation) -> Create:
    def made(**changes: Any) -> Campaign:
        with installation.sessions.begin() as session:
            return create_campaign(session, replace(WANTED, **changes))

    return made


def test_a_new_campaign_has_the_default_steps_with_consecutive_windows(
    installation: Installation, create: Create
) -> None:
    campaign = create()
    found = windows(installation, campaign)
    assert [
        (key, local_time(each.due, campaign), local_time(each.closes, campaign))
        for key, each in found.items()
    ] == [
        ("opening", "2026-12-01 00:00", "2026-12-23 00:00"),
        ("nine_days", "2026-12-23 00:00", "2026-12-25 00:00"),
        ("seven_days", "2026-12-25 00:00", "2026-12-29 00:00"),
        ("three_days", "2026-12-29 00:00", "2026-12-30 00:00"),
        ("two_days", "2026-12-30 00:00", "2026-12-31 00:00"),
        ("last_day", "2026-12-31 00:00", "2026-12-31 20:00"),
        ("last_hours", "2026-12-31 20:00", "2027-01-01 00:00"),
        ("wrap_up", "2027-01-01 00:00", "2027-01-08 00:00"),
    ]


def test_at_most_one_step_is_open_at_any_time(installation: Installation, create: Create) -> None:
    campaign = create()
    with installation.sessions() as session:
        every = schedule.list_steps(session, campaign.id)
    for window in schedule.windows(campaign, every):
        opened = schedule.open_window(campaign, every, window.due)
        assert opened is not None
        assert opened.step.key == window.step.key
        last = schedule.open_window(campaign, every, window.closes - BLINK)
        assert last is not None
        assert last.step.key == window.step.key
    assert schedule.open_window(campaign, every, campaign.starts_at - BLINK) is None
    assert schedule.open_window(campaign, every, campaign.deadline + timedelta(days=7)) is None


@pytest.mark.parametrize(
    ("deadline", "zone", "key", "due"),
    [
        # Los Angeles falls back on November 1, 2026 and springs forward on March 14, 2027, both at 2 am.
        ("2026-11-03", "America/Los_Angeles", "three_days", "2026-11-01T00:00-07:00"),
        ("2026-11-03", "America/Los_Angeles", "two_days", "2026-11-02T00:00-08:00"),
        ("2026-11-01", "America/Los_Angeles", "last_day", "2026-11-01T00:00-08:00"),
        ("2027-03-15", "America/Los_Angeles", "two_days", "2027-03-14T00:00-08:00"),
        ("2027-03-14", "America/Los_Angeles", "last_day", "2027-03-13T23:00-08:00"),
        # The hour of the deadline itself is skipped or repeated on the step's day.
        ("2027-03-16T02:30:00-07:00", "America/Los_Angeles", "two_days", "2027-03-14T03:30-07:00"),
        ("2026-11-03T01:30:00-08:00", "America/Los_Angeles", "two_days", "2026-11-01T01:30-07:00"),
        # Santiago skips the midnight of September 5, 2027: the day begins at 1 am.
        ("2027-09-06", "America/Santiago", "two_days", "2027-09-05T01:00-03:00"),
        # Beirut skips the midnight of March 28, 2027.
        ("2027-03-30", "Asia/Beirut", "three_days", "2027-03-28T01:00+03:00"),
    ],
)
def test_days_before_are_wall_clock_time_and_hours_before_are_hours(
    installation: Installation, create: Create, deadline: str, zone: str, key: str, due: str
) -> None:
    campaign = create(start="2026-08-01", deadline=deadline, timezone=zone)
    found = windows(installation, campaign)[key]
    assert found.due == datetime.fromisoformat(due).astimezone(UTC)


def test_last_hours_are_four_hours_even_across_a_clock_change(
    installation: Installation, create: Create
) -> None:
    for day in ("2026-11-01", "2027-03-14"):
        campaign = create(slug=f"of-{day}", start="2026-08-01", deadline=day + "T03:30:00-08:00")
        found = windows(installation, campaign)["last_hours"]
        assert campaign.deadline - found.due == timedelta(hours=4)


def test_a_step_due_before_the_start_is_left_out(
    installation: Installation, create: Create
) -> None:
    campaign = create(start="2026-12-27T12:00:00-08:00")
    assert list(windows(installation, campaign)) == [
        "opening", "three_days", "two_days", "last_day", "last_hours", "wrap_up",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "tied"),
    [
        ("2026-12-23", "nine_days"),
        ("2026-12-29", "three_days"),
        ("2026-12-31", "last_day"),
        ("2026-12-31T20:00:00-08:00", "last_hours"),
    ],
)
def test_a_campaign_as_long_as_a_step_opens_with_its_introduction(
    installation: Installation, create: Create, start: str, tied: str
) -> None:
    campaign = create(start=start)
    found = windows(installation, campaign)
    assert found[tied].due == found[tied].closes == found["opening"].due
    with installation.sessions() as session:
        every = schedule.list_steps(session, campaign.id)
    opened = schedule.open_window(campaign, every, campaign.starts_at)
    assert opened is not None
    assert opened.step.key == "opening"


def test_of_two_other_steps_due_at_once_the_one_in_hours_is_open(
    installation: Installation, create: Create
) -> None:
    campaign = create()
    with installation.sessions.begin() as session:
        change_step(session, campaign, "two_days", StepChange(days=1))
        every = schedule.list_steps(session, campaign.id)
    opened = schedule.open_window(campaign, every, campaign.deadline - timedelta(hours=24))
    assert opened is not None
    assert opened.step.key == "last_day"


@pytest.mark.parametrize(
    ("zone", "last_day_closes", "last_hours"),
    [
        ("America/Los_Angeles", "20:00", "20:00"),
        ("America/New_York", "16:00", "16:00"),
        ("Europe/Berlin", "10:00", "10:00"),
        ("Asia/Tokyo", "20:00", "20:00"),
    ],
)
def test_where_the_evening_is_over_the_last_email_is_due_in_the_evening_before(
    installation: Installation, create: Create, zone: str, last_day_closes: str, last_hours: str
) -> None:
    campaign = create()
    with installation.sessions() as session:
        every = schedule.list_steps(session, campaign.id)
    found = {one.step.key: one for one in schedule.windows(campaign, every, ZoneInfo(zone))}
    assert local_time(found["last_day"].closes, campaign) == f"2026-12-31 {last_day_closes}"
    assert local_time(found["last_hours"].due, campaign) == f"2026-12-31 {last_hours}"
    assert found["last_hours"].closes == campaign.deadline


def test_only_the_very_last_email_is_moved_and_never_to_before_the_introduction(
    installation: Installation, create: Create
) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    long, short = create(), create(slug="short", start="2026-12-31T09:00:00-08:00")
    with installation.sessions.begin() as session:
        change_step(session, long, "last_hours", StepChange(enabled=False))
        change_step(session, long, "last_day", StepChange(hours=13))
        steps = [schedule.list_steps(session, one.id) for one in (long, short)]
    assert schedule.windows(long, steps[0], berlin) == schedule.windows(long, steps[0])
    # The campaign opens at 18:00 in Berlin: an hour later nobody has read what it is about.
    assert schedule.windows(short, steps[1], berlin) == schedule.windows(short, steps[1])


def test_disabled_or_expired_steps_do_not_affect_their_neighbors(
    installation: Installation, create: Create
) -> None:
    campaign = create()
    with installation.sessions.begin() as session:
        change_step(session, campaign, "seven_days", StepChange(enabled=False))
        change_step(session, campaign, "opening", StepChange(expires=48))
    found = windows(installation, campaign)
    assert "seven_days" not in found
    assert local_time(found["nine_days"].closes, campaign) == "2026-12-29 00:00"
    assert local_time(found["opening"].closes, campaign) == "2026-12-03 00:00"


def test_a_skipped_local_time_is_handled_like_the_end_of_a_day() -> None:
    zone = clock.zone("America/Santiago")
    moment = datetime(2027, 9, 7, tzinfo=zone)
    assert clock.days_earlier(moment, zone, 2) == clock.start_of_day(
        moment.date().replace(day=5), zone
    )


def test_two_steps_of_one_time_are_ordered_and_the_opening_is_the_later(
    installation: Installation, create: Create
) -> None:
    """A step due at the very start is not before it."""
    campaign = create(start="2026-12-29")
    found = windows(installation, campaign)
    assert list(found)[:2] == ["three_days", "opening"]
    assert found["three_days"].due == campaign.starts_at


def test_a_window_is_open_from_its_first_instant_until_before_its_last(
    installation: Installation, create: Create
) -> None:
    window = windows(installation, create())["two_days"]
    moments = (window.due - BLINK, window.due, window.closes - BLINK, window.closes)
    assert [window.is_open(moment) for moment in moments] == [False, True, True, False]


def test_a_wrap_up_without_an_expiry_lasts_a_week_and_with_one_as_long_as_it_says(
    installation: Installation, create: Create
) -> None:
    campaign = create()
    for hours, closes in ((None, "2027-01-08 00:00"), (1, "2027-01-01 01:00")):
        with installation.sessions.begin() as session:
            session.execute(
                update(CampaignStep)
                .where(CampaignStep.key == "wrap_up")
                .values(expires_after=hours)
            )
        wrap_up = windows(installation, campaign)["wrap_up"]
        assert (wrap_up.after_end, local_time(wrap_up.closes, campaign)) == (True, closes)
        assert not windows(installation, campaign)["last_hours"].after_end


def test_an_expiry_never_outlasts_the_next_step_or_the_campaign(
    installation: Installation, create: Create
) -> None:
    campaign = create()
    with installation.sessions.begin() as session:
        for key in ("two_days", "last_hours"):
            change_step(session, campaign, key, StepChange(expires=1_000))
        change_step(session, campaign, "three_days", StepChange(expires=24))
    found = windows(installation, campaign)
    closes = [
        local_time(found[key].closes, campaign) for key in ("three_days", "two_days", "last_hours")
    ]
    assert closes == ["2026-12-30 00:00", "2026-12-31 00:00", "2027-01-01 00:00"]


def test_a_window_is_found_by_its_step(installation: Installation, create: Create) -> None:
    campaign = create(start="2026-12-27T12:00:00-08:00")
    with installation.sessions.begin() as session:
        change_step(session, campaign, "two_days", StepChange(enabled=False))
        every = schedule.list_steps(session, campaign.id)
    found = {one.key: schedule.window_of(campaign, every, one.id) for one in every}
    missing = [key for key, window in found.items() if window is None]
    assert missing == ["nine_days", "seven_days", "two_days"]
    assert [one.step.key for one in found.values() if one] == [
        key for key in found if key not in missing
    ]
    assert schedule.window_of(campaign, every, None) is None


def test_steps_are_those_of_one_campaign_in_the_order_they_were_added(
    installation: Installation, create: Create
) -> None:
    first, second = create(), create(slug="other")
    with installation.sessions() as session:
        steps = schedule.list_steps(session, first.id)
        others = schedule.list_steps(session, second.id)
    assert (
        [one.key for one in steps]
        == [one.key for one in others]
        == [
            "opening",
            "nine_days",
            "seven_days",
            "three_days",
            "two_days",
            "last_day",
            "last_hours",
            "wrap_up",
        ]
    )
    assert {one.campaign_id for one in steps} == {first.id}
    assert {(one.enabled, str(one.texts)) for one in steps} == {(True, "{}")}


def test_without_a_wrap_up_the_last_step_still_ends_with_the_campaign(
    installation: Installation, create: Create
) -> None:
    campaign = create()
    with installation.sessions.begin() as session:
        change_step(session, campaign, "wrap_up", StepChange(enabled=False))
        change_step(session, campaign, "last_hours", StepChange(expires=48))
        every = schedule.list_steps(session, campaign.id)
    assert list(windows(installation, campaign))[-1] == "last_hours"
    last = windows(installation, campaign)["last_hours"]
    assert last.closes == campaign.deadline
    assert schedule.open_window(campaign, every, campaign.deadline - BLINK) is not None
    assert schedule.open_window(campaign, every, campaign.deadline) is None
