"""A list of offline gifts as people keep it: a CSV file, each row written down or refused by its line.

Plain reading: nothing is stored and no campaign is looked up. `csv_import` enters what was read.
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
"""Of one row: more than any address has."""


@dataclass(frozen=True)
class Row:
    """A row of the file, and the line on which it begins; the header is line 1."""

    line: int
    gift: WrittenGift


def read_rows(raw: bytes, campaign: str = "") -> Iterator[Row | RejectedLine]:
    """Each row, in order. `campaign` is the slug for rows without a code.

    Raises ListInvalid where the file as a whole cannot be read. UTF-8, with or without a mark, and UTF-16 with one are
    read; fields are parted by commas, semicolons or tabs, rows by any line end, and a quoted address may hold lines.
    A row without a reference gets one that follows from what it says and from how many rows before it say the same.
    """
    lines = _decoded(raw)
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
            yield RejectedLine(line, f"{len(fields)} fields where the header names {len(columns)}")
        elif any(one.strip() for one in fields):
            yield _row(line, dict(zip(columns, fields, strict=True)), campaign, alike)


def _records(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The rows and the line on which each begins: quoted fields may hold line ends. Where a quotation mark is never
    closed, its line stands alone, so that it takes no other row with it.
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


def _decoded(raw: bytes) -> list[str]:
    """The file's lines. Bytes that are no UTF-8 are kept as marks, so that their row alone is refused."""
    if raw.startswith(_UTF16):
        try:
            text = raw.decode("utf-16")
        except UnicodeDecodeError as error:
            raise ListInvalid("The file begins as UTF-16 and is not; save it as UTF-8.") from error
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
            return RejectedLine(line, f"{name} holds a control character")
        if name in _TEXTS and value.startswith(_FORMULA):
            return RejectedLine(line, f"{name} begins like a formula: {value[:40]!r}")
    gift = WrittenGift(**fields, campaign=campaign)
    if not gift.reference.strip():
        content = "\x1f".join(" ".join(fields.get(name, "").split()) for name in COLUMNS)
        alike[content] += 1
        gift = replace(gift, reference=_derived(content, alike[content]))
    return Row(line, gift)


def _derived(content: str, ordinal: int) -> str:
    """`row 1F3A90C2D7B4`; of equal rows the second is `row 1F3A90C2D7B4 2`."""
    name = f"row {hashlib.sha256(content.encode()).hexdigest()[:12].upper()}"
    return name if ordinal == 1 else f"{name} {ordinal}"
