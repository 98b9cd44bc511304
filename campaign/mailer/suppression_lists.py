"""Read a suppression list from a file: our own export or a plain list of addresses."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from campaign.core.csv_lists import RejectedLine, read_address, read_lines
from campaign.models import SuppressionReason

COLUMNS = ("email", "campaign", "reason", "detail", "created_at")
_GUARDED = re.compile(r"^'(?=[=+\-@])")


@dataclass(frozen=True)
class SuppressionRow:
    """One suppressed address: for the campaign with that slug, or for all campaigns if it is ''."""

    line: int
    email: str
    campaign: str
    reason: SuppressionReason
    detail: str


def read_entries(raw: bytes) -> Iterator[SuppressionRow | RejectedLine]:
    """Yield a row or a refusal for each line that is not empty. The header is optional.

    Raise ListInvalid if the file is not text.
    """
    lines = read_lines(raw)
    columns = _columns(lines[0])
    for number, line in enumerate(lines, start=1):
        if not line.strip() or (number == 1 and columns):
            continue
        try:
            yield _entry(number, line, columns or COLUMNS[:1])
        except ValueError as error:
            yield RejectedLine(number, str(error))


def _columns(first: bytes) -> Sequence[str]:
    """Return the columns that the first line names, or none if it is already an address."""
    names = [
        name.strip().strip('"').lower() for name in first.decode("utf-8", "replace").split(",")
    ]
    return names if "email" in names else []


def _entry(number: int, line: bytes, columns: Sequence[str]) -> SuppressionRow:
    try:
        (fields,) = csv.reader([line.decode()], strict=True)
    except UnicodeDecodeError:
        raise ValueError("not UTF-8; save the file as UTF-8") from None
    except csv.Error:
        raise ValueError("a quotation mark is not closed on the same line") from None
    if len(fields) != len(columns):
        raise ValueError(f"{len(fields)} fields, but the header has {len(columns)}")
    found = dict(zip(columns, (field.strip() for field in fields), strict=True))
    if columns == list(COLUMNS):
        # Our own export puts an apostrophe before a value that a spreadsheet would run as a formula.
        found = {name: _GUARDED.sub("", value) for name, value in found.items()}
    reason = found.get("reason") or SuppressionReason.imported.value
    reasons = [one.value for one in SuppressionReason]
    if reason not in reasons:
        raise ValueError(f"{reason!r} is not a valid reason; use {', '.join(reasons)}")
    return SuppressionRow(
        line=number,
        email=read_address(found["email"]),
        campaign=found.get("campaign", ""),
        reason=SuppressionReason(reason),
        detail=found.get("detail", "").replace("\0", " ")[:1000],
    )
