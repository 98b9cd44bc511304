"""A campaign's calendar: ends of days, hours skipped or repeated by clock changes, days left."""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core import clock
from campaign.core.errors import DeadlineInvalid

LOS_ANGELES = clock.zone("America/Los_Angeles")
BLINK = timedelta(microseconds=1)
# These islands jumped over a whole day; it has no moment of its own (see the test of Samoa).
SKIPPED_A_DAY = {"Pacific/Apia", "Pacific/Fakaofo"}
ZONES = sorted(name for name in available_timezones() if "/" in name and name not in SKIPPED_A_DAY)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_bare_date_lasts_through_the_end_of_that_day() -> None:
    deadline = clock.parse_deadline(" 2026-12-31 ", LOS_ANGELES)
    assert deadline == instant("2027-01-01T00:00:00-08:00")
    assert clock.last_day(deadline, LOS_ANGELES) == date(2026, 12, 31)


def test_now_is_the_system_clocks_time_in_utc() -> None:
    before = datetime.now(UTC)
    found = clock.now()
    assert before <= found <= datetime.now(UTC)
    assert found.tzinfo is UTC


def test_a_pause_lasts_at_least_as_long_as_asked() -> None:
    before = time.monotonic()
    clock.pause(0.02)
    assert time.monotonic() - before >= 0.019


@pytest.mark.parametrize(
    ("text", "end"),
    [
        # A date includes that whole day; a time is the first moment that no longer belongs.
        ("2026-12-31", "2027-01-01T00:00:00-08:00"),
        (" 2026-12-31 ", "2027-01-01T00:00:00-08:00"),
        ("2026-12-31T18:00", "2026-12-31T18:00:00-08:00"),
        ("2026-12-31T18:00:00+01:00", "2026-12-31T09:00:00-08:00"),
        ("2026-11-01", "2026-11-02T00:00:00-08:00"),
        ("2028-02-29", "2028-03-01T00:00:00-08:00"),
    ],
)
def test_the_end_of_a_period_includes_a_whole_day_and_excludes_a_moment(
    text: str, end: str
) -> None:
    found = clock.parse_end(text, LOS_ANGELES)
    assert found == instant(end)
    assert found.tzinfo is UTC


def test_periods_of_neighboring_days_neither_overlap_nor_leave_a_gap() -> None:
    for zone in (LOS_ANGELES, clock.zone("America/Havana"), clock.zone("Asia/Beirut")):
        for day in (date(2026, 3, 7), date(2026, 3, 28), date(2026, 10, 31), date(2026, 12, 31)):
            end = clock.parse_end(day.isoformat(), zone)
            assert end == clock.parse_start((day + timedelta(days=1)).isoformat(), zone)


@pytest.mark.parametrize("text", ["soon", "2026-02-30", "20261231", "", "2201-01-01"])
def test_an_invalid_end_is_refused(text: str) -> None:
    with pytest.raises(DeadlineInvalid):
        clock.parse_end(text, LOS_ANGELES)


@pytest.mark.parametrize(
    ("moment", "days", "earlier"),
    [
        ("2026-12-31T23:00:00-08:00", 1, "2026-12-30T23:00:00-08:00"),
        ("2026-12-31T23:00:00-08:00", 0, "2026-12-31T23:00:00-08:00"),
        ("2026-12-31T23:00:00-08:00", -2, "2027-01-02T23:00:00-08:00"),
        # The same time of day, over a day of 25 or 23 hours.
        ("2026-11-02T09:00:00-08:00", 2, "2026-10-31T09:00:00-07:00"),
        ("2027-03-15T09:00:00-07:00", 2, "2027-03-13T09:00:00-08:00"),
        # A skipped time moves past the gap; of a repeated one, the first counts.
        ("2027-03-15T02:30:00-07:00", 1, "2027-03-14T03:30:00-07:00"),
        ("2026-11-02T01:30:00-08:00", 1, "2026-11-01T01:30:00-07:00"),
        ("2026-11-01T01:30:00-08:00", 0, "2026-11-01T01:30:00-07:00"),
        ("2027-01-01T07:00:00+00:00", 9, "2026-12-22T23:00:00-08:00"),
    ],
)
def test_days_earlier_keep_the_local_time_of_day(moment: str, days: int, earlier: str) -> None:
    found = clock.days_earlier(instant(moment), LOS_ANGELES, days)
    assert found == instant(earlier)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("day", "hour", "at"),
    [
        (date(2026, 12, 31), 0, "2026-12-31T00:00:00-08:00"),
        (date(2026, 12, 31), 23, "2026-12-31T23:00:00-08:00"),
        (date(2026, 7, 4), 9, "2026-07-04T09:00:00-07:00"),
        (date(2027, 3, 14), 2, "2027-03-14T03:00:00-07:00"),
        (date(2026, 11, 1), 1, "2026-11-01T01:00:00-07:00"),
    ],
)
def test_an_hour_is_local_and_the_first_of_a_repeated_one(day: date, hour: int, at: str) -> None:
    found = clock.at_hour(day, hour, LOS_ANGELES)
    assert found == instant(at)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("year", "known"), [(1999, False), (2000, True), (2200, True), (2201, False)]
)
@pytest.mark.parametrize("text", ["{}-06-15", "{}-06-15T12:00", "{}-06-15T12:00-08:00"])
def test_only_years_from_2000_to_2200_are_read(text: str, year: int, known: bool) -> None:
    for parse in (clock.parse_deadline, clock.parse_start, clock.parse_end):
        if known:
            assert parse(text.format(year), LOS_ANGELES).year == year
            continue
        with pytest.raises(DeadlineInvalid):
            parse(text.format(year), LOS_ANGELES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-02-29", "'2026-02-29' is not a valid date. Write it as 2026-12-31."),
        ("soon", "'soon' is neither a date (2026-12-31) nor a timestamp (2026-12-31T23:00:00-08:00)."),
        ("31.12.", "'31.12.' is neither a date (2026-12-31) nor a timestamp (2026-12-31T23:00:00-08:00)."),
    ],
)  # fmt: skip
def test_a_refusal_shows_how_to_write_it(text: str, said: str) -> None:
    for parse in (clock.parse_deadline, clock.parse_start, clock.parse_end):
        with pytest.raises(DeadlineInvalid) as refused:
            parse(text, LOS_ANGELES)
        assert str(refused.value) == said


def test_a_bare_date_as_start_is_its_first_instant() -> None:
    start = clock.parse_start(" 2026-12-23 ", LOS_ANGELES)
    assert start == instant("2026-12-23T00:00:00-08:00")


@pytest.mark.parametrize(
    "text", ["2026-12-31T23:00:00-08:00", "2027-01-01T07:00:00Z", "2027-01-01 07:00+00:00"]
)
def test_a_timestamp_is_used_unchanged(text: str) -> None:
    for parse in (clock.parse_deadline, clock.parse_start, clock.parse_end):
        assert parse(text, clock.zone("Asia/Tokyo")) == instant("2027-01-01T07:00:00+00:00")


def test_a_local_time_is_read_in_the_campaigns_zone() -> None:
    read = clock.parse_deadline("2026-07-04T18:30", LOS_ANGELES)
    assert read == instant("2026-07-04T18:30:00-07:00")
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ("2027-03-14T02:30", "America/Los_Angeles", "does not exist"),
        ("2026-11-01T01:30", "America/Los_Angeles", "happens twice"),
        ("2026-03-08T00:30", "America/Havana", "does not exist"),
        ("2026-11-01T00:30", "America/Havana", "happens twice"),
        ("2018-11-04T00:30", "America/Sao_Paulo", "does not exist"),
        ("2018-02-17T23:30", "America/Sao_Paulo", "happens twice"),
        ("2026-10-04T02:15", "Australia/Lord_Howe", "does not exist"),
    ],
)
def test_a_time_that_a_clock_change_skips_or_repeats_is_refused(
    text: str, name: str, why: str
) -> None:
    with pytest.raises(DeadlineInvalid) as refused:
        clock.parse_deadline(text, clock.zone(name))
    assert f"{text.replace('T', ' ')}:00 {why} in {name}" in str(refused.value)
    assert "Add the UTC offset" in str(refused.value)


@pytest.mark.parametrize("text", ["2026-11-01T01:30:00-07:00", "2026-11-01T01:30:00-08:00"])
def test_a_repeated_time_with_its_offset_is_accepted(text: str) -> None:
    assert clock.parse_deadline(text, LOS_ANGELES) == instant(text)


@pytest.mark.parametrize("text", ["2027-03-14T01:59:59", "2027-03-14T03:00", "2026-11-01T02:00"])
def test_the_times_next_to_a_clock_change_are_accepted(text: str) -> None:
    read = clock.parse_deadline(text, LOS_ANGELES).astimezone(LOS_ANGELES)
    assert read.replace(tzinfo=None) == datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("name", "day", "end"),
    [
        # Midnight is skipped: the day ends when the clocks go forward.
        ("America/Havana", "2026-03-07", "2026-03-08T01:00:00-04:00"),
        ("Africa/Cairo", "2026-04-23", "2026-04-24T01:00:00+03:00"),
        ("Asia/Beirut", "2026-03-28", "2026-03-29T01:00:00+03:00"),
        ("America/Sao_Paulo", "2018-11-03", "2018-11-04T01:00:00-02:00"),
        # Midnight happens twice: the first one counts.
        ("America/Havana", "2026-10-31", "2026-11-01T00:00:00-04:00"),
        # The hour before midnight happens twice: the day ends after the second.
        ("Africa/Cairo", "2026-10-29", "2026-10-30T00:00:00+02:00"),
        ("Asia/Beirut", "2026-10-24", "2026-10-25T00:00:00+02:00"),
        ("America/Sao_Paulo", "2018-02-17", "2018-02-18T00:00:00-03:00"),
    ],
)
def test_a_day_ends_where_its_midnight_is_skipped_or_repeated(
    name: str, day: str, end: str
) -> None:
    zone = clock.zone(name)
    deadline = clock.parse_deadline(day, zone)
    assert deadline == instant(end)
    assert clock.last_day(deadline, zone) == date.fromisoformat(day)


def test_a_day_that_samoa_skipped_ends_with_the_day_before() -> None:
    apia = clock.zone("Pacific/Apia")
    ends = {clock.end_of_day(date(2011, 12, day), apia) for day in (29, 30)}
    assert ends == {instant("2011-12-31T00:00:00+14:00")}


@pytest.mark.parametrize(
    ("at", "days"),
    [
        ("2026-12-22T00:00:00-08:00", 9),
        ("2026-12-22T23:59:59.999999-08:00", 9),
        ("2026-12-23T00:00:00-08:00", 8),
        ("2026-12-31T00:00:00-08:00", 0),
        ("2026-12-31T23:59:59.999999-08:00", 0),
        ("2027-01-01T00:00:00-08:00", 0),
        ("2027-02-01T00:00:00-08:00", 0),
        # A reader in Tokyo has the next day already; in the campaign's zone it is still the 30th.
        ("2026-12-31T15:00:00+09:00", 1),
        ("2026-12-31T16:59:00+09:00", 1),
        ("2026-12-31T17:00:00+09:00", 0),
    ],
)
def test_days_left_are_calendar_days_in_the_campaigns_zone(at: str, days: int) -> None:
    deadline = clock.parse_deadline("2026-12-31", LOS_ANGELES)
    assert clock.days_left(deadline, LOS_ANGELES, instant(at)) == days


@pytest.mark.parametrize(
    ("last", "at"),
    [
        ("2026-11-03", "2026-10-31T23:30:00-07:00"),  # one day of 25 hours between
        ("2027-03-16", "2027-03-13T00:10:00-08:00"),  # one day of 23 hours between
    ],
)
def test_a_clock_change_in_between_does_not_affect_days_left(last: str, at: str) -> None:
    deadline = clock.parse_deadline(last, LOS_ANGELES)
    assert clock.days_left(deadline, LOS_ANGELES, instant(at)) == 3


def test_a_deadline_within_a_day_counts_that_day_as_the_last() -> None:
    deadline = instant("2026-12-31T12:00:00-08:00")
    assert clock.days_left(deadline, LOS_ANGELES, instant("2026-12-30T13:00:00-08:00")) == 1
    assert clock.days_left(deadline, LOS_ANGELES, instant("2026-12-31T11:59:00-08:00")) == 0


def test_seconds_left_are_whole_and_never_negative() -> None:
    deadline = instant("2026-12-31T12:00:00-08:00")
    assert clock.seconds_left(deadline, deadline - timedelta(days=9, hours=12)) == 820_800
    assert clock.seconds_left(deadline, deadline - timedelta(seconds=1) - BLINK) == 1
    assert clock.seconds_left(deadline, deadline - BLINK) == 0
    assert clock.seconds_left(deadline, deadline) == 0
    assert clock.seconds_left(deadline, deadline + timedelta(days=1)) == 0


@pytest.mark.parametrize(
    "name",
    [
        "",
        "PST",
        "Pacific time",
        "EST5EDT",
        "America",
        "America/",
        "America/Los Angeles",
        "../etc/passwd",
        "/etc/passwd",
        "America/\x00",
        "America/Los_Angeles\n",
        "Mars/Olympus",
        "America/Argentina",
        "America/" + "x" * 300,
    ],
)
def test_an_invalid_zone_is_rejected(name: str) -> None:
    with pytest.raises(DeadlineInvalid, match=r"is not a time zone\. Use an IANA name"):
        clock.zone(name)


@pytest.mark.parametrize("name", ["America/Los_Angeles", "UTC", "Etc/UTC", "Asia/Kathmandu"])
def test_an_iana_zone_is_accepted(name: str) -> None:
    assert clock.zone(name).key == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "31.12.2026",
        "12/31/2026",
        "2026-12-31T25:00",
        "2026-12-31Tnoon",
        "1767225600",
        "２０２６-12-31",
    ],
)
def test_an_invalid_date_is_rejected(text: str) -> None:
    with pytest.raises(DeadlineInvalid):
        clock.parse_deadline(text, LOS_ANGELES)
    with pytest.raises(DeadlineInvalid):
        clock.parse_start(text, LOS_ANGELES)


@given(
    st.sampled_from(ZONES),
    # Until 2011 Newfoundland's clocks went back at 00:01, so that a day came twice.
    st.dates(min_value=date(2012, 1, 1), max_value=date(2090, 12, 31)),
)
def test_in_every_zone_a_day_ends_where_the_next_begins_and_takes_one_day_away(
    name: str, day: date
) -> None:
    zone = clock.zone(name)
    end = clock.end_of_day(day, zone)
    assert end.astimezone(zone).date() == day + timedelta(days=1)
    assert (end - BLINK).astimezone(zone).date() == day
    assert clock.start_of_day(day + timedelta(days=1), zone) == end
    deadline = clock.end_of_day(day + timedelta(days=9), zone)
    assert clock.days_left(deadline, zone, end - BLINK) == 9
    assert clock.days_left(deadline, zone, end) == 8


@pytest.mark.parametrize("text", ["20261231", "2026-W53-4"])
def test_a_date_in_another_notation_never_loses_its_day(text: str) -> None:
    with pytest.raises(DeadlineInvalid):
        clock.parse_deadline(text, LOS_ANGELES)


@pytest.mark.parametrize("text", ["9999-12-31", "9999-12-31T23:00", "9999-12-31T23:00-08:00"])
def test_the_end_of_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(DeadlineInvalid):
        clock.parse_deadline(text, LOS_ANGELES)


def test_the_beginning_of_the_calendar_is_refused() -> None:
    with pytest.raises(DeadlineInvalid):
        clock.parse_start("0001-01-01", LOS_ANGELES)


@pytest.mark.parametrize("name", ["right/America/Los_Angeles", "posix/America/Los_Angeles"])
def test_a_zone_that_only_some_machines_have_is_refused(name: str) -> None:
    with pytest.raises(DeadlineInvalid):
        clock.zone(name)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("UTC", "UTC"),
        ("Etc/UTC", "UTC"),
        ("Etc/GMT-8", "UTC+8"),
        ("Etc/GMT+5", "UTC-5"),
        ("America/New_York", ""),
    ],
)
def test_a_fixed_offset_zone_is_named_by_its_offset(name: str, written: str) -> None:
    assert clock.fixed_name(clock.zone(name)) == written
