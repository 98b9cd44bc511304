"""Quiet hours in every time zone, and the evening before them."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from campaign.campaigns.quiet_hours import evening_before, quiet_end, quiet_zones
from tests.support.subscribers import at


@pytest.mark.parametrize(
    ("zone", "moment", "hours"),
    [
        # The night in which the clocks fall back has an hour more, the one in spring an hour less.
        ("America/Los_Angeles", "2026-10-31T21:00-07:00", 13),
        ("America/Los_Angeles", "2027-03-13T21:00-08:00", 11),
        ("America/Santiago", "2027-09-04T21:00-04:00", 11),
        ("Asia/Beirut", "2027-03-27T21:00+02:00", 11),
    ],
)
def test_nine_in_the_morning_is_nine_on_the_clock_when_clocks_change(
    zone: str, moment: str, hours: int
) -> None:
    found = quiet_end(at(moment), ZoneInfo(zone))
    assert found is not None
    assert found.astimezone(ZoneInfo(zone)).hour == 9
    assert (found - at(moment)).total_seconds() == hours * 3600


def test_ten_to_nine_at_night_is_day_and_nine_is_night_in_every_zone() -> None:
    for zone, offset in (("Asia/Kolkata", "+05:30"), ("America/St_Johns", "-03:30")):
        night = [
            (hour, quiet_end(at(f"2026-12-26T{hour}{offset}"), ZoneInfo(zone)))
            for hour in ("00:00", "08:59", "09:00", "20:59", "21:00", "21:59", "23:59")
        ]
        today, tomorrow = (at(f"2026-12-{day}T09:00{offset}") for day in (26, 27))
        assert night == [
            ("00:00", today),
            ("08:59", today),
            ("09:00", None),
            ("20:59", None),
            ("21:00", tomorrow),
            ("21:59", tomorrow),
            ("23:59", tomorrow),
        ]


def test_the_quiet_ones_of_several_zones_are_found() -> None:
    names = ["America/New_York", "Europe/Berlin", "Nowhere/Atlantis", "America/Los_Angeles"]
    asleep, awake = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/Denver")
    # Noon in Los Angeles is 3 pm in New York, 9 pm in Berlin and 5 am in Tokyo.
    noon = at("2026-12-26T12:00-08:00")
    assert quiet_zones(names, awake, noon) == ["Europe/Berlin"]
    assert quiet_zones(names, asleep, noon) == ["Europe/Berlin", "Nowhere/Atlantis"]


@pytest.mark.parametrize(
    ("zone", "evening"),
    [
        # The last four hours in Los Angeles begin at 20:00 there, 21:00 in Denver, 23:00 in New York, 05:00 in Berlin.
        ("America/Los_Angeles", None),
        ("America/Denver", "2026-12-31T19:00-07:00"),
        ("America/New_York", "2026-12-31T19:00-05:00"),
        ("Europe/Berlin", "2026-12-31T19:00+01:00"),
        ("Europe/Athens", None),  # ends at 10:00 there: they get it at nine
        ("Asia/Tokyo", None),
        ("Pacific/Honolulu", None),
    ],
)
def test_an_email_whose_whole_time_is_quiet_goes_out_in_the_evening_before(
    zone: str, evening: str | None
) -> None:
    end = at("2027-01-01T00:00-08:00")
    found = evening_before(end - timedelta(hours=4), end, ZoneInfo(zone))
    assert found == (at(evening) if evening else None)
