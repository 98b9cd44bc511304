"""Input from URLs and search fields, made safe for queries."""

import pytest

from campaign.core.input_limits import has_control_character, one_line, read_key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("0", 0),
        ("7", 7),
        ("007", 7),
        ("9223372036854775807", 9223372036854775807),  # the largest bigint
        ("9223372036854775808", None),
        ("00000000000000000007", None),  # twenty digits
        ("0000000000000000007", 7),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1.0", None),
        (" 1", None),
        ("1_0", None),
        ("٣", None),
        ("²", None),
        ("x", None),
    ],
)
def test_an_id_is_digits_that_a_row_can_have(text: str, key: int | None) -> None:
    assert read_key(text) == key


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ana", False),
        ("a\tb\r\nc", False),
        ("Zoë 漢字 🙂", False),
        ("a\0", True),
        ("\x1b[31m", True),
        ("a\x7f", True),
        ("a\x85b", True),
        ("a\x0bb", True),
    ],
)
def test_tabs_and_line_breaks_are_the_only_control_characters_allowed(
    text: str, found: bool
) -> None:
    assert has_control_character(text) is found


@pytest.mark.parametrize(
    ("text", "most", "line"),
    [
        ("  Ana \t Reyes\n", 40, "Ana Reyes"),
        ("Ana\0Reyes", 40, "Ana Reyes"),
        ("Ana Reyes", 9, "Ana Reyes"),
        ("Ana Reyes", 8, "Ana Reye"),
        ("Ana Reyes", 4, "Ana"),
        ("", 5, ""),
        ("\0\n", 5, ""),
    ],
)
def test_text_is_cut_and_becomes_one_line(text: str, most: int, line: str) -> None:
    assert one_line(text, most) == line
