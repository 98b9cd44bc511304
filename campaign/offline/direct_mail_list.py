"""Read a CSV list of direct mail recipients in institutions, accepting or rejecting each row by line.

Parsing only: nothing is stored. Addresses must fit the envelope's window, which shows nothing else.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError

from campaign.core.csv_lists import InvalidLine, RejectedLine, read_fields, read_header, read_lines

COLUMNS = ("name", "number", "institution", "address", "locale")
REQUIRED_COLUMNS = COLUMNS[:4]
LONGEST_LINE = 40
"""Characters per line that fit the window in a font that machines and mail rooms can read."""
MOST_LINES = 5
_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True)
class DirectMailRecipient:
    """One recipient. `number` is the person's number in the institution, or ''. `address` has its lines. `locale` is ''
    for the campaign's own.
    """

    name: str
    number: str
    institution: str
    address: tuple[str, ...]
    locale: str = ""

    @property
    def window(self) -> list[str]:
        """The lines shown in the envelope's window: only what institutions require."""
        named = f"{self.name}, {self.number}" if self.number else self.name
        first = [named] if len(named) <= LONGEST_LINE else [self.name, self.number]
        return [*first, self.institution, *self.address]

    @property
    def person(self) -> tuple[str, str, str]:
        """The values that identify a person: two rows with the same ones are duplicates."""
        return (self.name.lower(), self.number.lower(), self.institution.lower())


def read_recipients(
    raw: bytes, default: str = "en"
) -> Iterator[tuple[int, DirectMailRecipient] | RejectedLine]:
    """Yield each row with its line, in order; the header is line 1. `default` is the locale of rows without one.

    Raises ListInvalid if the file as a whole cannot be read. The lines of an address are separated by `|`.
    """
    lines = read_lines(raw)
    first_line = lines[0].decode(errors="replace") if lines else ""
    delimiter, columns = read_header(first_line, REQUIRED_COLUMNS, COLUMNS)
    seen: dict[tuple[str, str, str], int] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        try:
            found = _recipient(_clean_fields(read_fields(line, delimiter, columns)), default)
            first = seen.setdefault(found.person, number)
            if first != number:
                raise InvalidLine(f"the same person is already on line {first}")
            yield number, found
        except InvalidLine as wrong:
            yield RejectedLine(number, str(wrong))


def _clean_fields(fields: dict[str, str]) -> dict[str, str]:
    return {name: _clean(name, value) for name, value in fields.items()}


def _clean(name: str, value: str) -> str:
    if value.startswith(_FORMULA):
        raise InvalidLine(f"{name} starts like a formula: {value[:40]!r}")
    value = " ".join(unicodedata.normalize("NFC", value).split())
    if any(unicodedata.category(one) in {"Cc", "Cf", "Cs"} for one in value):
        raise InvalidLine(f"{name} contains a control character")
    return value


def _recipient(fields: dict[str, str], default: str) -> DirectMailRecipient:
    for name in ("name", "institution", "address"):
        if not fields[name]:
            raise InvalidLine(f"{name} is missing")
    lines = tuple(line.strip() for line in fields["address"].split("|") if line.strip())
    if not lines:
        raise InvalidLine("address is missing")
    found = DirectMailRecipient(
        fields["name"],
        fields["number"],
        fields["institution"],
        lines,
        _locale(fields.get("locale", "")) or default,
    )
    _require_fit(found.window)
    return found


def _require_fit(shown: list[str]) -> None:
    long = next((line for line in shown if len(line) > LONGEST_LINE), None)
    if long is not None:
        raise InvalidLine(
            f"{long!r} is longer than the {LONGEST_LINE} characters that fit the window"
        )
    if len(shown) > MOST_LINES:
        raise InvalidLine(
            f"the address has {len(shown)} lines, but only {MOST_LINES} fit the window"
        )


def _locale(text: str) -> str:
    if not text:
        return ""
    try:
        return str(Locale.parse(text.replace("-", "_")).language)
    except (UnknownLocaleError, ValueError):
        raise InvalidLine(f"{text!r} is not a language; write en or es") from None
