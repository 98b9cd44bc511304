"""Typed texts to values and back: limits, currencies, and repeated hours."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.campaigns import form_parsing
from campaign.campaigns.form_parsing import (
    FieldReader,
    clean_markdown,
    deadline_text,
    local_text,
    one_line,
    parse_smallest_amount,
    parse_stretch_goal,
    parse_suggested_amounts,
    split_amounts,
)
from campaign.core import clock, money
from campaign.core.errors import AmountInvalid, FieldsInvalid

HERE = clock.zone("America/Los_Angeles")


def test_each_field_has_its_first_error_and_all_are_reported_together() -> None:
    reader = FieldReader()
    assert reader.read("goal", lambda: money.parse_amount("5", "usd")) == 500
    reader.require("title", True, "never said")
    reader.check()
    assert reader.read("goal", lambda: money.parse_amount("much", "usd")) is None
    reader.require("goal", False, "a second fault")
    reader.require("title", False, "Enter a title.")
    with pytest.raises(FieldsInvalid) as refused:
        reader.check()
    assert refused.value.faults["title"] == "Enter a title."
    assert set(refused.value.faults) == {"goal", "title"}
    assert refused.value.faults["goal"] != "a second fault"


def test_an_unexpected_error_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        FieldReader().read("goal", lambda: 1 // 0)


def test_a_line_has_a_maximum_length_and_no_breaks() -> None:
    assert one_line(" A \r\n  title\t", 7, "a title") == "A title"
    with pytest.raises(FieldsInvalid, match="one line of at most 6 characters"):
        one_line("A title", 6, "a title")
    with pytest.raises(FieldsInvalid, match=r"Enter a title\."):
        one_line(" \n", 6, "a title")
    for hidden in ("a\x00b", "a\x1bb", "a\u202eb", "a\u200bb"):
        with pytest.raises(FieldsInvalid, match="control characters"):
            one_line(hidden, 6, "a title")


def test_markdown_keeps_lines_and_tabs_but_not_control_characters() -> None:
    assert (
        clean_markdown("\r\n# Why\r\rBe\x00cause\r\n\tcode  \n\n") == "# Why\n\nBecause\n\tcode  "
    )
    longest = "x" * form_parsing.LONGEST_APPEAL
    assert clean_markdown(f"\n{longest}\r\n") == longest
    with pytest.raises(FieldsInvalid, match="200,000 characters"):
        clean_markdown(longest + "x")


@pytest.mark.parametrize(
    ("typed", "currency", "least"),
    [("", "usd", 50), ("0.50", "usd", 50), (" ", "jpy", 50), ("50", "jpy", 50)],
)
def test_the_smallest_amount_is_at_least_the_minimum_charge(
    typed: str, currency: str, least: int
) -> None:
    assert parse_smallest_amount(typed, currency) == least


@pytest.mark.parametrize(
    ("typed", "currency"), [("0.49", "usd"), ("49", "jpy"), ("1,000,000", "usd")]
)
def test_a_smallest_amount_that_cannot_be_charged_is_rejected(typed: str, currency: str) -> None:
    assert parse_smallest_amount("999,999.99", "usd") == money.LARGEST_CHARGE
    with pytest.raises(AmountInvalid):
        parse_smallest_amount(typed, currency)


def test_a_comma_separates_amounts_only_before_a_space() -> None:
    assert split_amounts(" 10, 25;50\n1,000 ; $5 ") == ("10", "25", "50", "1,000", "$5")
    assert split_amounts("  ") == ()


def test_suggestions_are_sorted_without_duplicates() -> None:
    assert parse_suggested_amounts("50 $10 50.00 1,000", "usd", 1000) == [1_000, 5_000, 100_000]
    assert parse_suggested_amounts("500 1,000", "jpy", None) == [500, 1_000]
    eight = " ".join(str(one) for one in range(1, 9))
    assert len(parse_suggested_amounts(f"{eight} 8", "usd", None)) == 8


@pytest.mark.parametrize(
    ("typed", "smallest", "why"),
    [
        (" ", None, "at least one amount"),
        ("1 2 3 4 5 6 7 8 9", None, "Enter at most 8"),
        ("9.99 20", 1_000, r"\$9\.99 is less than the smallest"),
        ("1,000,000", None, r"largest possible charge is \$999,999\.99"),
    ],
)
def test_invalid_suggestions_are_rejected(typed: str, smallest: int | None, why: str) -> None:
    with pytest.raises(AmountInvalid, match=why):
        parse_suggested_amounts(typed, "usd", smallest)


def test_a_stretch_goal_must_be_more_than_the_goal() -> None:
    assert parse_stretch_goal(" ", "usd", 1_000) is None
    assert parse_stretch_goal("10.01", "usd", 1_000) == 1_001
    assert parse_stretch_goal("5", "usd", None) == 500
    with pytest.raises(AmountInvalid, match="more than the goal"):
        parse_stretch_goal("10", "usd", 1_000)


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2026, 12, 1, 17, tzinfo=UTC), "2026-12-01 09:00"),
        # On November 1, 2026, 1:30 occurs twice.
        (datetime(2026, 11, 1, 8, 30, tzinfo=UTC), "2026-11-01 01:30:00-07:00"),
        (datetime(2026, 11, 1, 9, 30, tzinfo=UTC), "2026-11-01 01:30:00-08:00"),
        (datetime(2026, 12, 1, 17, 0, 30, tzinfo=UTC), "2026-12-01 09:00:30-08:00"),
    ],
)
def test_a_formatted_time_parses_back_to_the_same_time(moment: datetime, shown: str) -> None:
    assert local_text(moment, HERE) == shown
    assert clock.parse_start(shown, HERE) == moment


def test_a_deadline_at_the_end_of_a_day_is_shown_as_that_day() -> None:
    end = clock.parse_deadline("2026-11-01", HERE)
    assert deadline_text(end, HERE) == "2026-11-01"
    assert deadline_text(end - timedelta(hours=1), HERE) == "2026-11-01 23:00"
    # In another time zone the same instant is not the end of a day.
    assert deadline_text(end, clock.zone("America/New_York")) == "2026-11-02 03:00"
