"""Amounts as people and other systems write them: `$1,250.00`, `1.250,00`, `(25.00)`, `25 EUR`. No floats.

Whether `1,250` is a thousand or one and a bit is decided by the file's other amounts or by a person, never guessed.
"""

import html
import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from babel import Locale
from babel.numbers import get_currency_symbol

from campaign.core.errors import AmountInvalid
from campaign.core.money import currency_code, decimals

LARGEST = 10**14
"""In minor units; a larger one is a mistake in the file."""

_SPACES = re.compile(r"[\s\u00a0\u202f'’](?=\d)")
_FIGURES = re.compile(r"\d+(?:[.,]\d+)*\Z", re.ASCII)
_CODE = re.compile(r"\b[A-Za-z]{3}\b")


class DecimalMark(StrEnum):
    """What stands before the cents."""

    point = "point"
    comma = "comma"

    @property
    def sign(self) -> str:
        return "." if self is DecimalMark.point else ","


_MARKS = {mark.sign: mark for mark in DecimalMark}


@dataclass(frozen=True)
class WrittenAmount:
    """An amount in minor units, negative if money went back, and the currency that the cell itself names, or ''."""

    minor: int
    currency: str


class AmountEvidence:
    """Collects from all amounts of a file what stands before the cents."""

    def __init__(self) -> None:
        self._seen: Counter[DecimalMark] = Counter()

    def see(self, cell: str) -> None:
        """Take one cell into account."""
        try:
            figures, _, _ = _figures(cell)
        except ValueError:
            return
        mark = _mark_shown(figures)
        if mark:
            self._seen[mark] += 1

    @property
    def mark(self) -> DecimalMark | None:
        """Return the mark, or None if nothing shows it or the file has both."""
        return next(iter(self._seen)) if len(self._seen) == 1 else None


def read_amount(cell: str, currency: str, mark: DecimalMark | None) -> WrittenAmount | None:
    """Return the amount of a cell, None if it is empty; raises ValueError.

    `currency`: lower-case code for a cell that names none. `mark`: for amounts that could be read in two ways.
    """
    if not cell.strip():
        return None
    figures, negative, named = _figures(cell)
    whole, part = _parted(cell, figures, mark)
    places = decimals(named or currency)
    if part[places:].strip("0"):
        raise ValueError(
            f"{cell!r} has more decimals than {(named or currency).upper()} has ({places})"
        )
    minor = int(whole + part[:places].ljust(places, "0"))
    if minor > LARGEST:
        raise ValueError(f"{cell!r} is too large for an amount")
    return WrittenAmount(-minor if negative else minor, named)


def _figures(cell: str) -> tuple[str, bool, str]:
    """Return digits with points and commas, whether it is negative, and the currency named."""
    text = html.unescape(cell).replace("\u2212", "-").strip()
    negative = False
    if text.startswith("(") and text.endswith(")"):
        negative, text = True, text[1:-1].strip()
    text, currency = _without_currency(text)
    if text.startswith("-") or text.endswith("-"):
        negative, text = not negative, text.strip("-")
    text, after_sign = _without_currency(text.removeprefix("+").strip())
    figures = _SPACES.sub("", text.strip())
    if not _FIGURES.match(figures):
        raise ValueError(f"{cell!r} is not an amount we can read; write it as 1250.00")
    return figures, negative, currency or after_sign


def _without_currency(text: str) -> tuple[str, str]:
    """Return `text` without a currency's sign or code, and the currency, '' if there is none or a bare `$`."""
    code = _CODE.search(text)
    if code:
        try:
            return f"{text[: code.start()]}{text[code.end() :]}".strip(), currency_code(code[0])
        except AmountInvalid:
            raise ValueError(f"{code[0]!r} is not a currency") from None
    for sign, currency in _signs().items():
        if text.startswith(sign) or text.endswith(sign):
            return text.removeprefix(sign).removesuffix(sign).strip(), currency
    return text, ""


@cache
def _signs() -> dict[str, str]:
    """Return currencies by their signs, longest first: `US$`, `CA$`, `€`. A bare `$` or `¥` is of several."""
    codes = sorted(Locale("en").currencies)
    signs = {get_currency_symbol(code, "en"): code.lower() for code in codes}
    signs |= {"US$": "usd", "C$": "cad", "$": "", "¥": ""}
    return {sign: signs[sign] for sign in sorted(signs, key=lambda each: -len(each))}


def _mark_shown(figures: str) -> DecimalMark | None:
    """Return the decimal mark that these digits prove."""
    used = {each for each in figures if each in ".,"}
    if len(used) == 2:
        return _MARKS[max(used, key=figures.rindex)]
    if not used:
        return None
    (sign,) = used
    if figures.count(sign) > 1:
        return _MARKS["," if sign == "." else "."]
    left, _, right = figures.partition(sign)
    return None if len(right) == 3 and _groups(left + sign + right, sign) else _MARKS[sign]


def _parted(cell: str, figures: str, mark: DecimalMark | None) -> tuple[str, str]:
    """Return the digits before and after the decimal mark."""
    shown = _mark_shown(figures)
    if shown is None and not figures.isdigit():
        if mark is None:
            raise ValueError(
                f"{cell!r} could be thousands or decimals; choose which (--decimal point or --decimal comma)"
            )
        shown = mark
    if shown is None:
        return figures, ""
    if mark and shown is not mark:
        raise ValueError(f"{cell!r} does not have a decimal {mark}, as the other amounts do")
    whole, _, part = figures.partition(shown.sign)
    grouping = "," if shown is DecimalMark.point else "."
    if grouping in part or not _groups(whole, grouping):
        raise ValueError(f"{cell!r} is not an amount we can read; write it as 1250.00")
    return whole.replace(grouping, ""), part


def _groups(whole: str, sign: str) -> bool:
    """Return whether `whole` is grouped as people group thousands, or not at all. India groups by two as well."""
    first, *groups = whole.split(sign)
    if not groups:
        return True
    if not 1 <= len(first) <= 3 or first.startswith("0") or len(groups[-1]) != 3:
        return False
    return all(len(each) in (2, 3) for each in groups)
