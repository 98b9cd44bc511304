"""Lists that people bring as files: their lines, whatever the encoding, and the addresses in them.

For the lists of subscribers and of suppressed addresses.
"""

import codecs
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from campaign.errors import ListInvalid

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Refusal:
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


def read_address(text: str) -> str:
    """The email address, its domain in lower case; raises ValueError with what is wrong. Nothing is looked up."""
    if not text:
        raise ValueError("no email")
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(f"{text!r} is no email address: {error}") from None
    return str(found.normalized)
