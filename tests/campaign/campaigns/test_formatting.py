"""Dates, deadlines and figures as text."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from campaign.campaigns import formatting
from campaign.campaigns.progress import Progress
from campaign.core.i18n import Language, get_language
from campaign.emails.sample_facts import END, campaign, progress
from campaign.models import Campaign

EN, ES = get_language("en"), get_language("es")


def ending_at(deadline: datetime, zone: str = "America/Los_Angeles") -> Campaign:
    made = campaign()
    made.deadline, made.timezone = deadline, zone
    return made


def test_midnight_belongs_to_the_day_that_ends() -> None:
    shown = "11:59 p.m. on Thursday, December 31, Pacific time"
    assert formatting.ending(ending_at(END), EN) == shown
    shown = "el jueves 31 de diciembre a las 11:59 p.m., hora del Pacífico"
    assert formatting.ending(ending_at(END), ES) == shown


def test_another_time_is_shown_with_its_day_and_zone() -> None:
    noon = ending_at(datetime(2026, 12, 31, 17, 30, tzinfo=UTC), "America/New_York")
    assert formatting.ending(noon, EN) == "12:30 p.m. on Thursday, December 31, Eastern time"
    assert formatting.ending(noon, ES) == "el jueves 31 de diciembre, 12:30 p.m., hora oriental"


@pytest.mark.parametrize(
    ("zone", "name"), [("UTC", "UTC"), ("Europe/Berlin", "Central European time")]
)
def test_a_zone_is_named_as_a_newspaper_does(zone: str, name: str) -> None:
    assert formatting.zone_name(ZoneInfo(zone), EN) == name


@pytest.mark.parametrize(
    ("before", "shown"),
    [
        (timedelta(days=9), "8 days left"),
        (timedelta(days=9, hours=1), "9 days left"),
        (timedelta(hours=25), "1 day left"),
        (timedelta(hours=24), ""),
        (timedelta(seconds=1), ""),
    ],
)
def test_days_left_are_calendar_days_without_hours(before: timedelta, shown: str) -> None:
    assert formatting.days_left(progress(END - before, 0), EN) == shown


def test_progress_in_words() -> None:
    one = Progress(campaign(), 1_050, 0, 0, 1, 1, END)
    many = Progress(campaign(), 312_500_00, 0, 0, 9_000, 4_120, END)
    none = Progress(campaign(), 0, 0, 0, 0, 0, END)
    assert formatting.raised_so_far(one, EN) == "$10.50 of $50,000, from 1 reader"
    assert formatting.raised_so_far(many, EN) == "$312,500 of $50,000, from 4,120 readers"
    assert formatting.raised_so_far(none, EN) == "$0 of $50,000"
    assert formatting.raised_so_far(one, ES) == "$10.50 de $50,000, donados por 1 persona"


def test_dates_in_both_languages() -> None:
    day = END.date()
    assert formatting.long_date(day, EN) == "January 1, 2027"
    assert formatting.long_date(day, ES) == "1 de enero de 2027"
    assert formatting.short_date(day, EN) == "Jan 1, 2027"
    assert formatting.date_there(None, ZoneInfo("UTC"), EN) == ""


@pytest.mark.parametrize(("language", "point"), [(EN, "."), (ES, ".")])
def test_every_tenth_of_a_percentage_has_at_most_one_decimal(
    language: Language, point: str
) -> None:
    for tenths in range(2001):
        whole, part = divmod(tenths, 10)
        shown = f"{whole}{point}{part}%" if part else f"{whole}%"
        found = formatting.percent(Decimal(tenths) / 10, language)
        assert found.replace("\u00a0", "") == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        ("-0.04", "0%"),
        ("-0.0", "0%"),
        ("0.04", "0%"),
        ("0.05", "0.1%"),
        ("99.95", "100%"),
        ("-2.5", "-2.5%"),
        ("123456.7", "123,456.7%"),
    ],
)
def test_a_percentage_is_rounded_half_up_and_never_minus_zero(share: str, shown: str) -> None:
    assert formatting.percent(Decimal(share), EN) == shown


def test_a_time_has_its_zone_and_one_style() -> None:
    evening = datetime(2026, 12, 22, 22, 5, tzinfo=UTC)
    zone = ZoneInfo("America/Los_Angeles")
    assert formatting.time_with_zone(evening, zone, EN) == "2:05 p.m. PST"
    assert formatting.time_with_zone(evening, zone, ES) == "2:05 p.m. PST"
