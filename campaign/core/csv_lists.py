"""Lists that people bring as files: their lines, whatever the encoding, and the addresses in them.

For the lists of subscribers, of suppressed addresses, of offline gifts and of readers in institutions.
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
    """A line that is kept out, and why. Lines are counted from 1, the header's being 1."""

    line: int
    reason: str


def read_lines(raw: bytes) -> list[bytes]:
    """The lines of a file in UTF-8, with or without a mark, or in UTF-16 with one; raises ListInvalid.

    A line may still hold bytes that are no UTF-8: then it alone is refused.
    """
    if raw.startswith(_UTF16):
        try:
            raw = raw.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise ListInvalid("The file begins as UTF-16 and is not; save it as UTF-8.") from error
    return (
        raw.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    )


class InvalidLine(Exception):
    """Why a line cannot be taken."""


def read_header(
    line: str, needed: Sequence[str], columns: Sequence[str], named: Sequence[str] = ()
) -> tuple[str, Sequence[str]]:
    """What parts the fields (a comma, a semicolon or a tab), and the columns that the first line names.

    Raises ListInvalid where one of `needed` is missing, one is named twice or is none of `columns`. `named`: the
    columns to tell of, if others than the needed ones.
    """
    delimiter = max(",;\t", key=line.count)
    found = [name.strip().strip('"').strip().lower() for name in line.split(delimiter)]
    missing = [name for name in needed if name not in found]
    if missing:
        told = ",".join(named or needed)
        raise ListInvalid(
            f"The first line must name the columns {told}; it lacks {', '.join(missing)}."
        )
    fault = _fault_of_columns(found, columns)
    if fault:
        raise ListInvalid(f"The columns may be {', '.join(columns)}, each once; {fault}.")
    return delimiter, found


def _fault_of_columns(found: Sequence[str], columns: Sequence[str]) -> str:
    unknown = [name for name in found if name not in columns]
    if unknown:
        return f"unknown: {', '.join(map(repr, unknown))}"
    return "one is named twice" if len(set(found)) < len(found) else ""


def read_fields(line: bytes, delimiter: str, columns: Sequence[str]) -> dict[str, str]:
    """The fields of one line by their columns; raises WrongLine."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise InvalidLine(
            f"byte {error.start + 1} is not UTF-8 (Excel's own encoding?); save the file as UTF-8"
        ) from None
    try:
        (fields,) = csv.reader([text], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        raise InvalidLine("a quotation mark is not closed on the same line") from None
    if len(fields) != len(columns):
        raise InvalidLine(f"{len(fields)} fields where the header names {len(columns)}")
    return dict(zip(columns, fields, strict=True))


def read_address(text: str) -> str:
    """The email address, its domain in lower case; raises ValueError with what is wrong. Nothing is looked up."""
    if not text:
        raise ValueError("no email")
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(f"{text!r} is no email address: {error}") from None
    return str(found.normalized)
