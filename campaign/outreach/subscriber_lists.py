"""Read a CSV list of subscribers line by line. Each line is valid or refused with a reason.

Nothing is stored here; `outreach.subscribers` saves the result.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError

from campaign.core import clock
from campaign.core.csv_lists import (
    InvalidLine,
    RejectedLine,
    read_address,
    read_fields,
    read_header,
    read_lines,
)
from campaign.core.errors import DeadlineInvalid, ListInvalid

COLUMNS = ("email", "name", "locale", "timezone", "consent_source", "consent_at", "consent_wording")
NEEDED = ("email", "consent_source", "consent_at")
LONGEST = {"email": 254, "name": 200, "consent_source": 200, "consent_wording": 2000}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SKEW = timedelta(minutes=5)
"""How far another clock may be ahead of ours."""


@dataclass(frozen=True)
class Consent:
    """One person's consent: `email` as written, `timezone` an IANA name or None, `consent_at` in UTC."""

    email: str
    name: str
    locale: str
    timezone: str | None
    consent_source: str
    consent_wording: str
    consent_at: datetime


def read_list(raw: bytes, zone: ZoneInfo, at: datetime) -> Iterator[Consent | RejectedLine]:
    """Yield the result of each line after the header. Raise ListInvalid if the file as a whole cannot be read.

    The file is UTF-8, with or without a byte order mark, or UTF-16 with one. A consent date without a time means the
    start of that day in `zone`. A repeated address is refused.
    """
    lines = read_lines(raw)
    header = _first(lines[0] if lines else b"")
    delimiter, columns = read_header(header, NEEDED, COLUMNS, COLUMNS[:6])
    seen: dict[str, int] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        try:
            consent = _consent(_cleaned(read_fields(line, delimiter, columns)), zone, at)
            first = seen.setdefault(consent.email.lower(), number)
            if first != number:
                raise InvalidLine(f"{consent.email} is already on line {first}")
            yield consent
        except InvalidLine as wrong:
            yield RejectedLine(number, str(wrong))


def _first(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise ListInvalid("The header is not UTF-8 text; save the file as UTF-8.") from None


def _cleaned(fields: dict[str, str]) -> dict[str, str]:
    return {name: _clean(name, value) for name, value in fields.items()}


def _clean(name: str, value: str) -> str:
    if value.startswith(_FORMULA):
        raise InvalidLine(f"{name} starts like a formula: {value[:40]!r}")
    value = value.strip()
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise InvalidLine(f"{name} contains a line break or another control character")
    if len(value) > LONGEST.get(name, 100):
        raise InvalidLine(f"{name} is longer than {LONGEST.get(name, 100)} characters")
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
    raise InvalidLine(reason)


def _email(text: str) -> str:
    try:
        return read_address(text)
    except ValueError as error:
        raise InvalidLine(str(error)) from None


def _locale(text: str) -> str:
    if not text:
        return "en"
    try:
        return str(Locale.parse(text.replace("-", "_")).language)
    except (UnknownLocaleError, ValueError):
        raise InvalidLine(f"{text!r} is not a language; use en or es") from None


def _timezone(text: str) -> str | None:
    if not text:
        return None
    try:
        return clock.zone(text).key
    except DeadlineInvalid as error:
        raise InvalidLine(str(error).rstrip(".")) from None


def _moment(text: str, zone: ZoneInfo, at: datetime) -> datetime:
    if not text:
        raise InvalidLine("no consent_at: when did they agree?")
    try:
        moment = clock.parse_start(text, zone)
    except DeadlineInvalid as error:
        raise InvalidLine(f"consent_at: {str(error).rstrip('.')}") from None
    if moment > at + _SKEW:
        raise InvalidLine(f"consent_at {text} is in the future")
    return moment
