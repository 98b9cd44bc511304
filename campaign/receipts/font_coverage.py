"""Which characters the font covers. PDF/UA requires a glyph for each, so other characters are replaced first."""

import struct
import unicodedata
from functools import cache
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
REPLACEMENT = "\ufffd"
"""Replaces a run of characters that the font lacks."""


def printable(text: str) -> str:
    """Return `text` composed, without control characters, with a replacement for each run of missing characters."""
    covered_text: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        if character in "\n\t":
            covered_text.append(" ")
        elif unicodedata.category(character) in {"Cc", "Cf", "Cs"}:
            continue
        elif ord(character) in covered():
            covered_text.append(character)
        elif covered_text[-1:] != [REPLACEMENT]:
            covered_text.append(REPLACEMENT)
    return "".join(covered_text)


@cache
def covered() -> frozenset[int]:
    """Return the code points that every weight of the font covers."""
    return frozenset.intersection(*(_mapped(path) for path in sorted(FONTS.glob("*.ttf"))))


def _mapped(path: Path) -> frozenset[int]:
    """Read the `cmap` table in format 4: https://learn.microsoft.com/typography/opentype/spec/cmap."""
    font = path.read_bytes()
    (tables,) = struct.unpack_from(">H", font, 4)
    records = (struct.unpack_from(">4sLLL", font, 12 + 16 * index) for index in range(tables))
    (start,) = (offset for tag, _, offset, _ in records if tag == b"cmap")
    (encodings,) = struct.unpack_from(">H", font, start + 2)
    places = (struct.unpack_from(">L", font, start + 8 + 8 * n)[0] for n in range(encodings))
    found: set[int] = set()
    for place in places:
        if struct.unpack_from(">H", font, start + place)[0] == 4:
            found |= _segments(font, start + place)
    return frozenset(found)


def _segments(font: bytes, table: int) -> set[int]:
    (doubled,) = struct.unpack_from(">H", font, table + 6)
    form = f">{doubled // 2}H"
    ends = struct.unpack_from(form, font, table + 14)
    starts = struct.unpack_from(form, font, table + 16 + doubled)
    deltas = struct.unpack_from(form, font, table + 16 + 2 * doubled)
    offsets_at = table + 16 + 3 * doubled
    offsets = struct.unpack_from(form, font, offsets_at)
    found = set()
    for index, (first, last) in enumerate(zip(starts, ends, strict=True)):
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code + deltas[index]
            if offsets[index]:
                place = offsets_at + 2 * index + offsets[index] + 2 * (code - first)
                glyph = struct.unpack_from(">H", font, place)[0]
            if glyph & 0xFFFF:
                found.add(code)
    return found
