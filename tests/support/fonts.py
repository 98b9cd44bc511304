"""Minimal fonts, of which only the table of characters (`cmap`) can be read.

The format: https://learn.microsoft.com/typography/opentype/spec/cmap#format-4-segment-mapping-to-delta-values.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple


class Segment(NamedTuple):
    """The code points from `first` to `last`: the glyphs of `glyphs`, or else each code point plus `delta`."""

    first: int
    last: int
    delta: int = 0
    glyphs: tuple[int, ...] = ()


def font(tables: Sequence[Sequence[Segment]], formats: Sequence[int] = ()) -> bytes:
    """Return a font whose characters are in `tables`, labeled with `formats` (all 4 by default).

    Other tables are before and after it, as in a real font.
    """
    characters = _cmap(tables, formats or [4] * len(tables))
    parts = [(b"OS/2", b"\xff" * 96), (b"cmap", characters), (b"glyf", b"\xff" * 64)]
    place = 12 + 16 * len(parts)
    records = b""
    for name, content in parts:
        records += struct.pack(">4sLLL", name, 0, place, len(content))
        place += len(content)
    header = struct.pack(">LHHHH", 0x00010000, len(parts), 32, 1, 16)
    return header + records + b"".join(content for _, content in parts)


def _cmap(tables: Sequence[Sequence[Segment]], formats: Sequence[int]) -> bytes:
    made = [_table(table, number) for table, number in zip(tables, formats, strict=True)]
    place = 4 + 8 * len(made)
    records = b""
    for number, table in enumerate(made):
        records += struct.pack(">HHL", 3, number, place)
        place += len(table)
    return struct.pack(">HH", 0, len(made)) + records + b"".join(made)


def _table(segments: Sequence[Segment], number: int) -> bytes:
    count = len(segments)
    offsets: list[int] = []
    glyphs: list[int] = []
    for index, segment in enumerate(segments):
        # From this offset's own place to the segment's first glyph.
        offsets.append(2 * (count - index + len(glyphs)) if segment.glyphs else 0)
        glyphs += segment.glyphs
    words = [
        *(segment.last for segment in segments),
        0,
        *(segment.first for segment in segments),
        *(segment.delta & 0xFFFF for segment in segments),
        *offsets,
        *glyphs,
    ]
    header = struct.pack(">7H", number, 14 + 2 * len(words), 0, 2 * count, 0, 0, 0)
    return header + struct.pack(f">{len(words)}H", *words)
