"""Printable text: every character of the font, and a replacement for those it lacks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from campaign.receipts import font_coverage
from campaign.receipts.font_coverage import covered, printable
from tests.support.fonts import Segment, font

LACKED = "\ufffd"


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of fonts, empty; what is put there is read once."""
    monkeypatch.setattr(font_coverage, "FONTS", tmp_path)
    covered.cache_clear()
    yield tmp_path
    covered.cache_clear()


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
        ("a漢字", f"a{LACKED}"),
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


def test_a_character_without_a_glyph_is_not_covered(weights: Path) -> None:
    shifted = Segment(0x30, 0x32, delta=-0x30)  # the first becomes glyph 0, which is "missing"
    listed = Segment(0x61, 0x64, glyphs=(5, 0, 6, 7))
    more = Segment(0x100, 0x102, glyphs=(0, 8, 0))
    (weights / "a.ttf").write_bytes(font([[shifted, listed, more, Segment(0x200, 0x200, 9)]]))
    assert covered() == {0x31, 0x32, 0x61, 0x63, 0x64, 0x101, 0x200}


def test_the_last_place_of_the_plane_is_no_character(weights: Path) -> None:
    (weights / "a.ttf").write_bytes(font([[Segment(0xFFFC, 0xFFFF, delta=7)]]))
    assert covered() == {0xFFFC, 0xFFFD, 0xFFFE}


def test_every_table_of_characters_counts_but_only_those_in_a_format_we_read(weights: Path) -> None:
    tables = [[Segment(0x41, 0x42, 1)], [Segment(0x43, 0x44, 1)], [Segment(0x45, 0x45, 1)]]
    (weights / "a.ttf").write_bytes(font(tables, formats=(4, 12, 4)))
    assert covered() == {0x41, 0x42, 0x45}


def test_only_what_every_weight_has_is_covered(weights: Path) -> None:
    (weights / "bold.ttf").write_bytes(font([[Segment(0x41, 0x43, 1)]]))
    (weights / "regular.ttf").write_bytes(font([[Segment(0x42, 0x44, 1)]]))
    (weights / "license.txt").write_text("not a font")
    assert covered() == {0x42, 0x43}
