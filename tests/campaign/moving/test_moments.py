"""Dates as people have them; which number is the month is never guessed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from campaign.moving.moments import DateEvidence, DateOrder, read_moment

ZONE = ZoneInfo("America/Los_Angeles")


def instant(cell: str, order: DateOrder | None = None) -> str:
    found = read_moment(cell, order)
    assert found is not None
    return found.instant(ZONE).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("cell", "utc"),
    [
        ("2025-11-04", "2025-11-04 08:00:00"),
        ("2025/11/4", "2025-11-04 08:00:00"),
        ("20251104", "2025-11-04 08:00:00"),
        ("2025-11-04 10:15", "2025-11-04 18:15:00"),
        ("2025-11-04T10:15:30.123Z", "2025-11-04 10:15:30"),
        ("2025-11-04T10:15:30+0100", "2025-11-04 09:15:30"),
        ("2025-11-04 10:15:30 +0000 UTC", "2025-11-04 10:15:30"),
        ("2025-11-04 10:15 EST", "2025-11-04 15:15:00"),
        ("2025-11-04 10:15 America/Denver", "2025-11-04 17:15:00"),
        ("November 4, 2025", "2025-11-04 08:00:00"),
        ("November 4, 2025 10:15 am", "2025-11-04 18:15:00"),
        ("Tuesday, November 4, 2025 at 10:15 PM", "2025-11-05 06:15:00"),
        ("Nov. 4th 2025, 12:05\u202fAM", "2025-11-04 08:05:00"),
        ("Sept 4 2025", "2025-09-04 07:00:00"),
        ("4-Nov-2025", "2025-11-04 08:00:00"),
        ("4 de noviembre de 2025", "2025-11-04 08:00:00"),
        ("Tue, 4 Nov 2025 10:15:00 -0800", "2025-11-04 18:15:00"),
        ("Tue Nov 04 2025 10:15:00 GMT-0800 (Pacific Standard Time)", "2025-11-04 18:15:00"),
        ("45965", "2025-11-04 08:00:00"),
        ("45965.5", "2025-11-04 20:00:00"),
        ("1762251300", "2025-11-04 10:15:00"),
        ("1762251300000", "2025-11-04 10:15:00"),
        ("11/25/2025", "2025-11-25 08:00:00"),
        ("25.11.2025", "2025-11-25 08:00:00"),
        ("3/3/2025", "2025-03-03 08:00:00"),
    ],
)
def test_a_moment_is_read(cell: str, utc: str) -> None:
    assert instant(cell) == utc


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("3/1/2026", "could be March 1 or January 3; choose the order of the dates"),
        ("3/1/26", "a year of two digits"),
        ("03-01-26 10:00", "a year of two digits"),
        ("2025-02-30", "not a date that exists"),
        ("0000-00-00 00:00:00", "not a date that exists"),
        ("31/31/2025", "not a date that exists"),
        ("1025-11-04", "a year outside of 1900"),
        ("yesterday", "write it as 2026-12-31"),
        ("Novembre 4, 2025 10", "not a date"),
        ("2025-11-04 10", "not a date and time"),
        ("2025-11-04 25:00", "not a time that exists"),
        ("2025-11-04 13:00 pm", "not a time that exists"),
        ("2025-11-04 10:00 XYZ", "'XYZ', which is not a time zone"),
        ("7", "not a date"),
        ("12345678901234567890", "not a date"),
    ],
)
def test_what_cannot_be_read_says_why(cell: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_moment(cell, None)


def test_an_empty_cell_is_no_moment() -> None:
    assert read_moment("  ", None) is None


@pytest.mark.parametrize(("order", "utc"), [("mdy", "2026-03-01"), ("dmy", "2026-01-03")])
def test_a_person_or_the_file_decides(order: str, utc: str) -> None:
    assert instant("3/1/2026", DateOrder(order)).startswith(utc)


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["3/1/2026", "3/25/2026 10:00"], DateOrder.mdy),
        (["3/1/2026", "25.3.2026"], DateOrder.dmy),
        (["3/1/2026", "3/3/2026", "2026-03-25"], None),
        (["25/3/2026", "3/25/2026"], None),
        (["99/99/2026"], None),
        ([], None),
    ],
)
def test_the_whole_file_is_the_evidence(cells: list[str], order: DateOrder | None) -> None:
    evidence = DateEvidence()
    for cell in cells:
        evidence.see(cell)
    assert evidence.order is order


def test_an_hour_that_a_clock_change_repeats_is_the_first_of_both() -> None:
    found = read_moment("2023-11-05 01:30:00", None)
    assert found is not None
    assert found.instant(ZoneInfo("America/New_York")) == datetime(2023, 11, 5, 5, 30, tzinfo=UTC)
