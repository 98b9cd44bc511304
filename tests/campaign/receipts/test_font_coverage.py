"""Printable text: every character of the font, and a replacement for those it lacks."""

import pytest

from campaign.receipts.font_coverage import covered, printable

LACKED = "\ufffd"


@pytest.mark.parametrize(
    ("text", "set_as"),
    [
        ("", ""),
        ("Žofie Núñez € αβ Жук", "Žofie Núñez € αβ Жук"),
        ("one\ntwo\tthree", "one two three"),
        ("one\r\ntwo", "one two"),
        ("e\u0301", "é"),
        ("a\u202eb\u200bc\x00d\ud800e", "abcde"),
        ("漢字", LACKED),
        ("漢 字", f"{LACKED} {LACKED}"),
        ("漢\u200d字", LACKED),
        ("a漢b字", f"a{LACKED}b{LACKED}"),
        (LACKED, LACKED),
    ],
)
def test_text_is_composed_cleaned_and_missing_characters_are_replaced(
    text: str, set_as: str
) -> None:
    assert printable(text) == set_as
    assert printable(set_as) == set_as


def test_the_last_character_of_a_block_is_covered_and_one_beyond_the_plane_is_not() -> None:
    assert {ord("~"), ord("ÿ"), 0xFFFD} <= covered()
    assert not {0x00, 0xFFFF, 0x1F389} & covered()


def test_every_letter_of_europe_is_covered_and_no_unassigned_place_is() -> None:
    """The number is what `fc-query --format '%{charset}'` says of both weights."""
    europe = [*range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x400, 0x500), *range(0x1E00, 0x1F00)]
    assert set(europe) <= covered()
    assert not {0x378, 0x380, 0x38B, 0x3A2, 0x2065} & covered()
    assert len(covered()) == 1857
