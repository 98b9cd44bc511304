"""Read a CSV list of offline gifts, accepting or rejecting each row by line.

Parsing only: nothing is stored and no campaign is looked up. `csv_import` enters the rows.
"""

import codecs
import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from campaign.core.csv_lists import RejectedLine, read_header
from campaign.core.errors import ListInvalid
from campaign.offline.entry_parsing import WrittenGift

COLUMNS = (
    "received_on",
    "postmarked_on",
    "amount",
    "currency",
    "name",
    "email",
    "address",
    "code",
    "reference",
    "kind",
    "description",
)
REQUIRED_COLUMNS = COLUMNS[:9]
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FORMULA = ("=", "+", "-", "@")
_TEXTS = ("name", "email", "address", "reference", "description")
MOST_LINES = 10
"""The most lines of one row; no address has more."""


@dataclass(frozen=True)
class Row:
    """A row of the file and the line it starts on; the header is line 1."""

    line: int
    gift: WrittenGift


def read_rows(raw: bytes, campaign: str = "") -> Iterator[Row | RejectedLine]:
    """Yield each row in order. `campaign` is the slug for rows without a code.

    Raises ListInvalid if the file as a whole cannot be read. Accepts UTF-8 with or without a byte order mark and UTF-16
    with one; commas, semicolons or tabs between fields; any line ending; and quoted addresses of several lines. A row
    without a reference gets one derived from its content and from how many identical rows come before it.
    """
    lines = _decode(raw)
    delimiter, columns = read_header(lines[0], REQUIRED_COLUMNS, COLUMNS)
    alike: Counter[str] = Counter()
    for line, text in _records(lines):
        if not text.strip():
            continue
        try:
            (fields,) = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        except (csv.Error, ValueError):
            yield RejectedLine(line, "a quotation mark is not closed")
            continue
        if len(fields) != len(columns):
            yield RejectedLine(line, f"{len(fields)} fields, but the header has {len(columns)}")
        elif any(one.strip() for one in fields):
            yield _row(line, dict(zip(columns, fields, strict=True)), campaign, alike)


def _records(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the rows and the line each starts on. Quoted fields may contain line ends.

    A line with a quotation mark that is never closed is a row of its own, so that it does not swallow other rows.
    """
    index = 1
    while index < len(lines):
        for size in range(1, MOST_LINES + 1):
            text = "\n".join(lines[index : index + size])
            if text.count('"') % 2 == 0:
                break
        else:
            text, size = lines[index], 1
        yield index + 1, text
        index += size


def _decode(raw: bytes) -> list[str]:
    """Return the lines of the file. Invalid UTF-8 is kept as surrogates, so that only its own row is rejected."""
    if raw.startswith(_UTF16):
        try:
            text = raw.decode("utf-16")
        except UnicodeDecodeError as error:
            raise ListInvalid(
                "The file starts like UTF-16 but is not valid. Save it as UTF-8."
            ) from error
    else:
        text = raw.removeprefix(codecs.BOM_UTF8).decode(errors="surrogateescape")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _row(
    line: int, fields: dict[str, str], campaign: str, alike: Counter[str]
) -> Row | RejectedLine:
    for name, value in fields.items():
        if any("\udc80" <= one <= "\udcff" for one in value):
            return RejectedLine(
                line, f"{name} is not UTF-8 (Excel's own encoding?); save the file as UTF-8"
            )
        if "\0" in value:
            return RejectedLine(line, f"{name} contains a control character")
        if name in _TEXTS and value.startswith(_FORMULA):
            return RejectedLine(line, f"{name} starts like a formula: {value[:40]!r}")
    gift = WrittenGift(**fields, campaign=campaign)
    if not gift.reference.strip():
        content = "\x1f".join(" ".join(fields.get(name, "").split()) for name in COLUMNS)
        alike[content] += 1
        gift = replace(gift, reference=_derive_reference(content, alike[content]))
    return Row(line, gift)


def _derive_reference(content: str, ordinal: int) -> str:
    """Return `row 1F3A90C2D7B4`, or `row 1F3A90C2D7B4 2` for the second identical row."""
    name = f"row {hashlib.sha256(content.encode()).hexdigest()[:12].upper()}"
    return name if ordinal == 1 else f"{name} {ordinal}"
