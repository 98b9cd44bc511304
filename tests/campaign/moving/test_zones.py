"""Time zones as people name them."""

import pytest

from campaign.moving.zones import offset_hours, read_zone, zone_of_offsets


@pytest.mark.parametrize(
    ("cell", "zone"),
    [
        ("", ""),
        ("America/Los_angeles", "America/Los_Angeles"),
        ("america/new york", "America/New_York"),
        ("US/Pacific", "US/Pacific"),
        ("US Eastern", "America/New_York"),
        ("US Eastern Time", "America/New_York"),
        ("Eastern Time (US & Canada)", "America/New_York"),
        ("Eastern Time (US &amp; Canada)", "America/New_York"),
        ("(GMT-05:00) Eastern Time (US & Canada)", "America/New_York"),
        ("(UTC-08:00) Pacific Time (US & Canada)", "America/Los_Angeles"),
        ("Pacific Time", "America/Los_Angeles"),
        ("Arizona", "America/Phoenix"),
        ("PST", "America/Los_Angeles"),
        ("EDT", "America/New_York"),
        ("EST5EDT", "America/New_York"),
        ("Mountain Standard Time", "America/Denver"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Mexico City", "America/Mexico_City"),
        ("London", "Europe/London"),
        ("UTC", "UTC"),
        ("GMT-8", "Etc/GMT+8"),
        ("+2", "Etc/GMT-2"),
        ("-03:00", "Etc/GMT+3"),
        ("0", "UTC"),
    ],
)
def test_a_zone_is_known_by_many_names(cell: str, zone: str) -> None:
    assert read_zone(cell) == zone


@pytest.mark.parametrize("cell", ["Mars/Olympus", "right/UTC", "+05:30", "-13", "somewhere"])
def test_an_unknown_zone_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone; use an IANA name"):
        read_zone(cell)


@pytest.mark.parametrize(
    ("winter", "summer", "country", "zone"),
    [
        ("-8", "-7", "US", "America/Los_Angeles"),
        ("-5", "-4", "us", "America/New_York"),
        ("-7", "-7", "US", "America/Phoenix"),
        ("-7", "-6", "US", "America/Denver"),
        ("-10", "-10", "US", "Etc/GMT+10"),
        ("-3", "-3", "BR", "Etc/GMT+3"),
        ("5.5", "5.5", "IN", ""),
        ("", "", "US", ""),
    ],
)
def test_offsets_of_a_person_name_a_zone(winter: str, summer: str, country: str, zone: str) -> None:
    assert zone_of_offsets(winter, summer, country) == zone


def test_an_abbreviation_after_a_time_is_an_offset() -> None:
    assert (offset_hours("EST"), offset_hours("edt"), offset_hours("XYZ")) == (-5, -4, None)
