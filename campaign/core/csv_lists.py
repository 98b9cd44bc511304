"""Read CSV files that people upload: lines in any common encoding, headers, fields and email addresses.

For lists of subscribers, suppressed addresses, offline gifts and direct mail recipients.
"""

import codecs
import csv
from collections.abc import Sequence
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from campaign.core.errors import ListInvalid

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class RejectedLine:
    """A line that is left out, and why. Lines are counted from 1; the header is line 1."""

    line: int
    reason: str


def read_lines(raw: bytes) -> list[bytes]:
    """Return the lines of a file in UTF-8, with or without a BOM, or in UTF-16 with a BOM; raises ListInvalid.

    A line may still contain bytes that are not UTF-8; then only that line is rejected.
    """
    if raw.startswith(_UTF16):
        try:
            raw = raw.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise ListInvalid(
                "The file starts with a UTF-16 mark but is not valid UTF-16. Save it as UTF-8."
            ) from error
    return (
        raw.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    )


class InvalidLine(Exception):
    """A line that cannot be read, and why."""


def read_header(
    line: str, needed: Sequence[str], columns: Sequence[str], named: Sequence[str] = ()
) -> tuple[str, Sequence[str]]:
    """Return the delimiter (comma, semicolon or tab) and the column names of the header `line`.

    Raises ListInvalid if one of `needed` is missing, or if a column is repeated or not one of `columns`. `named`: the
    columns to list in that error, if not the needed ones.
    """
    delimiter = max(",;\t", key=line.count)
    found = [name.strip().strip('"').strip().lower() for name in line.split(delimiter)]
    missing = [name for name in needed if name not in found]
    if missing:
        expected = ",".join(named or needed)
        raise ListInvalid(
            f"The first line must name the columns {expected}. Missing: {', '.join(missing)}."
        )
    fault = _fault_of_columns(found, columns)
    if fault:
        raise ListInvalid(f"The columns can be {', '.join(columns)}, each once; {fault}.")
    return delimiter, found


def _fault_of_columns(found: Sequence[str], columns: Sequence[str]) -> str:
    unknown = [name for name in found if name not in columns]
    if unknown:
        return f"unknown: {', '.join(map(repr, unknown))}"
    return "one appears twice" if len(set(found)) < len(found) else ""


def read_fields(line: bytes, delimiter: str, columns: Sequence[str]) -> dict[str, str]:
    """Return the fields of one line by column name; raises WrongLine."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise InvalidLine(
            f"byte {error.start + 1} is not UTF-8 (exported from Excel?); save the file as UTF-8"
        ) from None
    try:
        (fields,) = csv.reader([text], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        raise InvalidLine("a quotation mark is not closed on the same line") from None
    if len(fields) != len(columns):
        raise InvalidLine(f"{len(fields)} fields, but the header has {len(columns)} columns")
    return dict(zip(columns, fields, strict=True))


def read_address(text: str) -> str:
    """Return the email address with a lower-case domain; raises ValueError with the reason. Makes no DNS lookup."""
    if not text:
        raise ValueError("no email")
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(f"{text!r} is not an email address: {error}") from None
    return str(found.normalized)
