"""A list of subscribers as people keep it: a CSV file read line by line, each line good or refused with its reason.

Plain reading: nothing is stored. For `services.subscribers`.
"""

import csv
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError

from campaign import clock
from campaign.errors import DeadlineInvalid, ListInvalid
from campaign.services.lines import Refusal, read_address, read_lines

COLUMNS = ("email", "name", "locale", "timezone", "consent_source", "consent_at", "consent_wording")
NEEDED = ("email", "consent_source", "consent_at")
LONGEST = {"email": 254, "name": 200, "consent_source": 200, "consent_wording": 2000}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SKEW = timedelta(minutes=5)
"""How far a clock elsewhere may go ahead of ours."""


@dataclass(frozen=True)
class Consent:
    """One person who agreed: `email` as written, `timezone` an IANA name or None, `consent_at` in UTC."""

    email: str
    name: str
    locale: str
    timezone: str | None
    consent_source: str
    consent_wording: str
    consent_at: datetime


class _Wrong(Exception):
    """Why a line cannot be taken."""


def read_list(raw: bytes, zone: ZoneInfo, at: datetime) -> Iterator[Consent | Refusal]:
    """Each line after the header, in order. Raises ListInvalid where the file as a whole cannot be read.

    UTF-8, with or without a mark, and UTF-16 with one are read. A bare date of consent is that day's beginning in
    `zone`. An address that came on an earlier line of the same file is refused.
    """
    lines = read_lines(raw)
    delimiter, columns = _header(lines[0] if lines else b"")
    seen: dict[str, int] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        try:
            consent = _consent(_fields(line, delimiter, columns), zone, at)
            first = seen.setdefault(consent.email.lower(), number)
            if first != number:
                raise _Wrong(f"{consent.email} stands on line {first} already")
            yield consent
        except _Wrong as wrong:
            yield Refusal(number, str(wrong))


def _header(line: bytes) -> tuple[str, Sequence[str]]:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise ListInvalid("The header is not UTF-8 text; save the file as UTF-8.") from None
    delimiter = max(",;\t", key=text.count)
    columns = [name.strip().strip('"').strip().lower() for name in text.split(delimiter)]
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise ListInvalid(
            f"The first line must name the columns {', '.join(COLUMNS[:6])}; it lacks {', '.join(missing)}."
        )
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown or len(set(columns)) < len(columns):
        what = f"unknown: {', '.join(map(repr, unknown))}" if unknown else "one is named twice"
        raise ListInvalid(f"The columns may be {', '.join(COLUMNS)}, each once; {what}.")
    return delimiter, columns


def _fields(line: bytes, delimiter: str, columns: Sequence[str]) -> dict[str, str]:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise _Wrong(
            f"byte {error.start + 1} is not UTF-8 (Excel's own encoding?); save the file as UTF-8"
        ) from None
    try:
        (fields,) = csv.reader([text], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        raise _Wrong("a quotation mark is not closed on the same line") from None
    if len(fields) != len(columns):
        raise _Wrong(f"{len(fields)} fields where the header names {len(columns)}")
    return {name: _clean(name, value) for name, value in zip(columns, fields, strict=True)}


def _clean(name: str, value: str) -> str:
    if value.startswith(_FORMULA):
        raise _Wrong(f"{name} begins like a formula: {value[:40]!r}")
    value = value.strip()
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise _Wrong(f"{name} holds a line break or another control character")
    if len(value) > LONGEST.get(name, 100):
        raise _Wrong(f"{name} is longer than {LONGEST.get(name, 100)} characters")
    return value


def _consent(fields: dict[str, str], zone: ZoneInfo, at: datetime) -> Consent:
    return Consent(
        email=_email(fields["email"]),
        name=fields.get("name", ""),
        locale=_locale(fields.get("locale", "")),
        timezone=_timezone(fields.get("timezone", "")),
        consent_source=fields["consent_source"]
        or _refuse("no consent_source: where did they agree?"),
        consent_wording=fields.get("consent_wording", ""),
        consent_at=_moment(fields["consent_at"], zone, at),
    )


def _refuse(reason: str) -> str:
    raise _Wrong(reason)


def _email(text: str) -> str:
    try:
        return read_address(text)
    except ValueError as error:
        raise _Wrong(str(error)) from None


def _locale(text: str) -> str:
    if not text:
        return "en"
    try:
        return str(Locale.parse(text.replace("-", "_")).language)
    except (UnknownLocaleError, ValueError):
        raise _Wrong(f"{text!r} is no language; write en or es") from None


def _timezone(text: str) -> str | None:
    if not text:
        return None
    try:
        return clock.zone(text).key
    except DeadlineInvalid as error:
        raise _Wrong(str(error).rstrip(".")) from None


def _moment(text: str, zone: ZoneInfo, at: datetime) -> datetime:
    if not text:
        raise _Wrong("no consent_at: when did they agree?")
    try:
        moment = clock.parse_start(text, zone)
    except DeadlineInvalid as error:
        raise _Wrong(f"consent_at: {str(error).rstrip('.')}") from None
    if moment > at + _SKEW:
        raise _Wrong(f"consent_at {text} is in the future")
    return moment
