"""A list of readers in institutions as people keep it: a CSV file, each row read or refused by its line.

Plain reading: nothing is stored. Addresses must fit the envelope's window, which shows them and nothing else.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError

from campaign.core.csv_lists import InvalidLine, RejectedLine, read_fields, read_header, read_lines

COLUMNS = ("name", "number", "institution", "address", "locale")
REQUIRED_COLUMNS = COLUMNS[:4]
LONGEST_LINE = 40
"""Characters that the window shows in a type which machines and mail rooms read."""
MOST_LINES = 5
_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True)
class DirectMailRecipient:
    """One reader. `number` is the institution's for them, '' for none; `address` its lines; `locale` '' for the
    campaign's own."""

    name: str
    number: str
    institution: str
    address: tuple[str, ...]
    locale: str = ""

    @property
    def window(self) -> list[str]:
        """The lines that the envelope shows: what institutions ask for, and nothing else."""
        named = f"{self.name}, {self.number}" if self.number else self.name
        first = [named] if len(named) <= LONGEST_LINE else [self.name, self.number]
        return [*first, self.institution, *self.address]

    @property
    def person(self) -> tuple[str, str, str]:
        """What makes two rows the same person's."""
        return (self.name.lower(), self.number.lower(), self.institution.lower())


def read_recipients(
    raw: bytes, default: str = "en"
) -> Iterator[tuple[int, DirectMailRecipient] | RejectedLine]:
    """Each row with its line, in order; the header is line 1. `default` is the locale of rows that name none.

    Raises ListInvalid where the file as a whole cannot be read. The lines of an address are parted by upright strokes.
    """
    lines = read_lines(raw)
    first_line = lines[0].decode(errors="replace") if lines else ""
    delimiter, columns = read_header(first_line, REQUIRED_COLUMNS, COLUMNS)
    seen: dict[tuple[str, str, str], int] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        try:
            found = _recipient(_cleaned(read_fields(line, delimiter, columns)), default)
            first = seen.setdefault(found.person, number)
            if first != number:
                raise InvalidLine(f"the same person stands on line {first} already")
            yield number, found
        except InvalidLine as wrong:
            yield RejectedLine(number, str(wrong))


def _cleaned(fields: dict[str, str]) -> dict[str, str]:
    return {name: _clean(name, value) for name, value in fields.items()}


def _clean(name: str, value: str) -> str:
    if value.startswith(_FORMULA):
        raise InvalidLine(f"{name} begins like a formula: {value[:40]!r}")
    value = " ".join(unicodedata.normalize("NFC", value).split())
    if any(unicodedata.category(one) in {"Cc", "Cf", "Cs"} for one in value):
        raise InvalidLine(f"{name} holds a control character")
    return value


def _recipient(fields: dict[str, str], default: str) -> DirectMailRecipient:
    for name in ("name", "institution", "address"):
        if not fields[name]:
            raise InvalidLine(f"no {name}")
    lines = tuple(line.strip() for line in fields["address"].split("|") if line.strip())
    if not lines:
        raise InvalidLine("no address")
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
            f"{long!r} is longer than the {LONGEST_LINE} characters that the window shows"
        )
    if len(shown) > MOST_LINES:
        raise InvalidLine(f"{len(shown)} lines where the window shows {MOST_LINES}")


def _locale(text: str) -> str:
    if not text:
        return ""
    try:
        return str(Locale.parse(text.replace("-", "_")).language)
    except (UnknownLocaleError, ValueError):
        raise InvalidLine(f"{text!r} is no language; write en or es") from None
