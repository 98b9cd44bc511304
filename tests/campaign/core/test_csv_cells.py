"""Cells that no spreadsheet evaluates, whatever a donor typed into a form."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaign.core.csv_cells import safe_cell

FULL_WIDTH = ("＝", "＋", "－", "＠")
BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", *FULL_WIDTH)


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_text_that_a_spreadsheet_could_evaluate_begins_with_an_apostrophe(beginning: str) -> None:
    typed = f'{beginning}HYPERLINK("https://evil.example";"Ana")'
    assert safe_cell(typed) == f"'{typed}"
    assert safe_cell(beginning) == f"'{beginning}"


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_only_the_first_character_matters(beginning: str) -> None:
    assert safe_cell(f"Ana{beginning}1") == f"Ana{beginning}1"


@pytest.mark.parametrize("text", ["", "Ana", "'=1", "3 − 2", "$25", "1=1", "Zoë", '"=1"'])
def test_any_other_text_is_unchanged(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize("value", [0, -2500, 2500, Decimal("-0.029"), True, None, 1.5])
def test_a_number_stays_a_number_even_below_zero(value: Any) -> None:
    assert safe_cell(value) is value


def test_dates_and_times_are_iso_8601_with_offset() -> None:
    assert safe_cell(date(2026, 12, 31)) == "2026-12-31"
    assert safe_cell(datetime(2027, 1, 1, 7, 59, 59, tzinfo=UTC)) == "2027-01-01T07:59:59+00:00"
    local = datetime(2026, 12, 31, 23, 59, 59, tzinfo=ZoneInfo("America/Los_Angeles"))
    assert safe_cell(local) == "2026-12-31T23:59:59-08:00"


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_cell_still_begins_with_the_apostrophe_after_a_round_trip_as_csv(beginning: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow([safe_cell(f"{beginning}1"), "next"])
    (row,) = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert row == [f"'{beginning}1", "next"]
