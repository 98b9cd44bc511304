"""How high a print sheet will be, estimated from its HTML, so that what is printed fits one page.

The widths are those of DejaVu, the widest of the usual fonts: in others some paper stays blank. The sizes are those of
`static/sheet.css`, which cuts what this module could not foresee.
"""

import unicodedata
from dataclasses import dataclass, field
from html.parser import HTMLParser
from math import ceil
from typing import NamedTuple

_POINT = 25.4 / 72
"""Millimeters."""
_PADDING = 14.0
_GAP = 6.0
"""Between the instructions and the QR code."""
_INDENT = 5.0
_QR = 30.0
_WIDE = 1.12
"""Bold letters compared with others."""

_EMS = {
    character: width
    for width, characters in (
        (0.34, " ijl.,;:'’|/-"),
        (0.41, "ftIJ!()[]"),
        (0.51, "rs“”?¿"),
        (0.57, "cvxyz"),
        (0.60, "aekoáéó"),
        (0.90, "w&"),
        (1.03, "mMW@%—…■"),
    )
    for character in characters
}
"""Widths of letters that are not about 0.64 (small letters and digits) or 0.8 (capitals)."""

PAPERS = {"letter": (215.9, 279.0), "a4": (210.0, 296.6)}
"""Width and height in millimeters."""


class _Style(NamedTuple):
    """Text size in points, line height in sizes, and the space before a paragraph in millimeters."""

    size: float
    leading: float
    before: float = 0.0
    bold: bool = False

    @property
    def line(self) -> float:
        return self.size * self.leading * _POINT


_STANDARD = {
    "header": _Style(12, 1.4, 2.8, bold=True),
    "h1": _Style(20, 1.15, 5, bold=True),
    "countdown": _Style(13, 1.4, 2, bold=True),
    "figures": _Style(9.5, 1.4),
    "text": _Style(10.5, 1.4, 2),
    "more": _Style(10.5, 1.4, 2),
    "text h2": _Style(11.5, 1.4, 3.5, bold=True),
    "how": _Style(10.5, 1.4, 1.5),
    "how h2": _Style(12, 1.2, 0, bold=True),
    "figure": _Style(7.5, 1.3),
    "coupon": _Style(10, 1.4, 2.5),
    "coupon h2": _Style(12, 1.2, 0, bold=True),
    "footer": _Style(8, 1.4),
}
_LARGE = {
    "header": _Style(17, 1.35, 2.8, bold=True),
    "h1": _Style(22, 1.15, 3, bold=True),
    "countdown": _Style(17, 1.35, 2, bold=True),
    "figures": _Style(14, 1.35),
    "text": _Style(16, 1.35, 2),
    "more": _Style(16, 1.35, 2),
    "text h2": _Style(17, 1.35, 3.5, bold=True),
    "how": _Style(16, 1.35, 1.5),
    "how h2": _Style(17, 1.2, 0, bold=True),
    "figure": _Style(12, 1.3),
    "coupon": _Style(14, 1.4, 2.5),
    "coupon h2": _Style(17, 1.2, 0, bold=True),
    "footer": _Style(12, 1.35),
}
_STANDARD_AROUND = {"bar": 13.8, "text": 4.0, "how": 7.3, "coupon": 10.1, "footer": 4.5}
_LARGE_AROUND = {"bar": 13.8, "text": 5.0, "how": 5.5, "coupon": 6.0, "footer": 5.0}
"""Margins, padding, rules and blanks of a part beside its text, in millimeters."""
_PARTS = {"bar", "figure", *(name for name in _STANDARD if " " not in name)}
_BLOCKS = {"p", "h1", "h2", "h3", "li", "address", "figcaption", "br", "blockquote", "hr"}
_NO_END = {"br", "hr"}


@dataclass(frozen=True)
class Sheet:
    """The paper (a key of PAPERS), large print or not, and the scale: 0.9 draws everything a tenth smaller."""

    paper: str
    large: bool
    scale: float = 1.0

    @property
    def styles(self) -> dict[str, _Style]:
        return _LARGE if self.large else _STANDARD

    def around(self, part: str) -> float:
        """Return what a part takes beside its text, in millimeters."""
        return (_LARGE_AROUND if self.large else _STANDARD_AROUND).get(part, 0.0)

    @property
    def height(self) -> float:
        """Millimeters between the margins."""
        return PAPERS[self.paper][1] - 2 * (9.0 if self.large else 12.0)

    @property
    def width(self) -> float:
        """Millimeters between the margins, at this scale."""
        return (PAPERS[self.paper][0] - 2 * _PADDING) / self.scale

    @property
    def line(self) -> float:
        """Millimeters of a line of the appeal."""
        return self.styles["text"].line * self.scale

    @property
    def paragraph(self) -> float:
        """Millimeters of a paragraph of one line."""
        return self.line + self.styles["text"].before * self.scale


@dataclass
class _Part:
    """The paragraphs of a part of the sheet, each with its tag."""

    name: str
    paragraphs: list[tuple[str, str]] = field(default_factory=list)


class _Parts(HTMLParser):
    """Read the parts of a sheet and their paragraphs. Drawings have no text."""

    def __init__(self, within: str = "") -> None:
        super().__init__()
        self.parts: list[_Part] = [_Part(within)] if within else []
        self._open: list[tuple[str, str]] = [("", within)]
        self._drawings = 0
        self._tag, self._text = "p", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        words = (dict(attrs).get("class") or "").split()
        self._drawings += tag == "svg"
        name = next((one for one in (tag, *words) if one in _PARTS), "")
        if name:
            self._end_paragraph()
            self.parts.append(_Part(name))
        if tag in _BLOCKS:
            self._end_paragraph()
            self._tag = tag
        if tag not in _NO_END:
            self._open.append((tag, name or self._open[-1][1]))
        if "box" in words or "line" in words:
            self._text += "■■■ "  # what is drawn there

    def handle_endtag(self, tag: str) -> None:
        self._drawings -= tag == "svg"
        if tag in _BLOCKS or self._closes_part():
            self._end_paragraph()
        if len(self._open) > 1 and tag == self._open[-1][0]:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._drawings:
            self._text += data

    def close(self) -> None:
        super().close()
        self._end_paragraph()

    def _closes_part(self) -> bool:
        return len(self._open) > 1 and self._open[-1][1] != self._open[-2][1]

    def _end_paragraph(self) -> None:
        text, name = self._text.strip(), self._open[-1][1]
        if text and name:
            part = next((one for one in reversed(self.parts) if one.name == name), None)
            if part is not None:
                part.paragraphs.append((self._tag, text))
        self._tag, self._text = "p", ""


def sheet_height(html: str, sheet: Sheet) -> float:
    """Return the height of a whole sheet in millimeters, without its margins."""
    reader = _Parts()
    reader.feed(html[html.index("<main") :])
    reader.close()
    heights = {part.name: _part_height(part, sheet) for part in reader.parts}
    beside = heights.pop("figure", 0.0)
    if "how" in heights:
        heights["how"] = max(heights["how"], beside + sheet.around("how"))
    return sum(heights.values()) * sheet.scale


def text_height(html: str, sheet: Sheet) -> float:
    """Return the height in millimeters of paragraphs of the appeal."""
    reader = _Parts("text")
    reader.feed(html)
    reader.close()
    first = sheet.styles["text"].before
    return (_part_height(reader.parts[0], sheet) - sheet.around("text") - first) * sheet.scale


def _part_height(part: _Part, sheet: Sheet) -> float:
    height = sheet.around(part.name) + (_QR if part.name == "figure" else 0.0)
    return height + sum(
        _paragraph_height(part.name, tag, text, sheet) for tag, text in part.paragraphs
    )


def _paragraph_height(name: str, tag: str, text: str, sheet: Sheet) -> float:
    style = sheet.styles.get(f"{name} h2" if tag.startswith("h") else name) or sheet.styles[name]
    width = sheet.width
    if name == "how":
        width -= _figure_width(sheet) + _GAP + (4.0 if tag in {"address", "br"} else 0.0)
    elif name == "figure":
        width = _figure_width(sheet)
    elif tag in {"li", "blockquote"}:
        width -= _INDENT
    lines = lines_of(text, width / (style.size * _POINT), bold=style.bold)
    before = {"br": 0.0, "li": style.before / 3}.get(tag, style.before)
    return before + lines * style.line


def _figure_width(sheet: Sheet) -> float:
    return 40.0 if sheet.large else 34.0


def lines_of(text: str, width: float, *, bold: bool = False) -> int:
    """Return how many lines `text` takes in a column of `width` ems."""
    factor = _WIDE if bold else 1.0
    lines, at = 1, 0.0
    for word in text.split():
        wide = sum(map(_em, word)) * factor
        if at and at + wide > width:
            lines, at = lines + 1, 0.0
        if wide > width:
            lines += ceil(wide / width) - 1
            wide %= width
        at += wide + _em(" ") * factor
    return lines


def _em(character: str) -> float:
    """Return the width of a character in DejaVu Serif, in ems."""
    if character in _EMS:
        return _EMS[character]
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    return 0.8 if character.isupper() else 0.64
