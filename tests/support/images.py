"""Read the pixels of a PNG in tests, without an image library."""

import struct
import zlib
from collections.abc import Iterator

Pixels = list[list[int]]


def png_size(png: bytes) -> tuple[int, int]:
    """Return (width, height) in pixels."""
    width, height = struct.unpack_from(">II", png, 16)
    return width, height


def png_brightness(png: bytes) -> Pixels:
    """Return the red channel of an eight-bit RGB or RGBA image by row and column: 0 is black, 255 white."""
    width, height = png_size(png)
    depth, color, _, _, interlaced = struct.unpack_from(">BBBBB", png, 24)
    assert (depth, interlaced) == (8, 0)
    channels = {2: 3, 6: 4}[color]
    data = zlib.decompress(b"".join(_image_data(png)))
    length = width * channels
    before, rows = bytearray(length), []
    for start in range(0, height * (length + 1), length + 1):
        line = bytearray(data[start + 1 : start + 1 + length])
        _unfilter(data[start], line, before, channels)
        rows.append(list(line[::channels]))
        before = line
    return rows


def _image_data(png: bytes) -> Iterator[bytes]:
    place = 8
    while place < len(png):
        length, name = struct.unpack_from(">I4s", png, place)
        if name == b"IDAT":
            yield png[place + 8 : place + 8 + length]
        place += length + 12


def _unfilter(method: int, line: bytearray, above: bytearray, channels: int) -> None:
    """Undo the filter of one row: https://www.w3.org/TR/png-3/#9Filters."""
    if method == 0:
        return
    for n, up in enumerate(above):
        left, corner = (line[n - channels], above[n - channels]) if n >= channels else (0, 0)
        guesses = (0, left, up, (left + up) // 2, _nearest(left, up, corner) if method == 4 else 0)
        line[n] = (line[n] + guesses[method]) & 0xFF


def _nearest(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    return min((left, up, corner), key=lambda one: abs(estimate - one))
