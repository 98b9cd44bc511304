"""Read single values as people and other systems write them. Nothing ambiguous is guessed.

Every function returns '' or None for an empty cell where it says so, and raises ValueError with the reason, without a
period at its end, for what it cannot read.
"""

import html
import re
from collections.abc import Iterator
from email.utils import parseaddr
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError

from campaign.core.csv_lists import read_address

_GUARDED = re.compile(r"'(?=[=+\-@\t\r])")
_BETWEEN_ADDRESSES = re.compile(r"[;,\s]+(?=[^\s;,]+@)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_IN_BRACKETS = re.compile(r"<\s*([^<>]*@[^<>]*)>")
_NAMED = re.compile(r"[^<>;,]*<[^<>]*@[^<>]*>")
_OWN_NAMES = (
    "en",
    "es",
    "pt",
    "fr",
    "de",
    "it",
    "nl",
    "pl",
    "ru",
    "uk",
    "ar",
    "zh",
    "ja",
    "ko",
    "vi",
    "fil",
)
"""Languages that are known by their own names as well. Loading all of them takes ten seconds."""
_YES = frozenset({"true", "yes", "y", "1", "t", "on", "x", "sí", "si"})
_NO = frozenset({"false", "no", "n", "0", "f", "off", ""})


def read_text(cell: str, longest: int, *, lines: bool = False) -> str:
    """Return text as it is stored: entities like `&#36;` read, our own exports' guard before a formula removed.

    Text that looks like a formula is text; exports guard it again. Runs of spaces become one; `lines` keeps line ends.
    """
    if not cell:
        return ""
    text = _unescaped(_GUARDED.sub("", cell, count=1) if cell.startswith("'") else cell)
    parts = text.splitlines() if lines else [text]
    text = "\n".join(" ".join(part.split()) for part in parts).strip()
    if _CONTROL.search(text):
        raise ValueError("contains a control character")
    if len(text) > longest:
        raise ValueError(f"is longer than {longest:,} characters")
    return text


def _unescaped(text: str) -> str:
    return html.unescape(text) if "&" in text else text


def read_emails(cell: str) -> list[str]:
    """Return the addresses of a cell, normalized, in its order: none, one, or several.

    Accepts `Bo <bo@reader.test>`, `mailto:`, quotation marks, and commas, semicolons or spaces between several.
    """
    found: dict[str, str] = {}
    for part in _address_parts(_unescaped(cell).strip()):
        address = read_address(_bare_address(part))
        found.setdefault(address.lower(), address)
    return list(found.values())


def _address_parts(text: str) -> Iterator[str]:
    """Yield each address as written. In `Bo, Jr <a@reader.test>` the comma is part of a name."""
    yield from _IN_BRACKETS.findall(text)
    rest = _NAMED.sub(" ", text)
    if "<" in text and "@" not in rest:
        return
    for part in _BETWEEN_ADDRESSES.split(rest) if rest.count("@") > 1 else [rest]:
        if part.strip(" ;,"):
            yield part


def _bare_address(text: str) -> str:
    bare = text.strip(" \t;,")
    if bare.lower().startswith("mailto:"):
        bare = bare[len("mailto:") :].partition("?")[0]
    return bare.lstrip(" \"'`<>").rstrip(" \"'`<>.")


def read_email(cell: str) -> str:
    """Return the one address of a cell, normalized."""
    found = read_emails(cell)
    if not found:
        raise ValueError("no email")
    if len(found) > 1:
        raise ValueError(f"{len(found)} addresses in one cell: {', '.join(found)}")
    return found[0]


def name_beside_address(cell: str) -> str:
    """Return the name in `Bo <bo@reader.test>`, or ''."""
    return parseaddr(cell)[0] if "<" in cell else ""


def read_yes(cell: str) -> bool:
    """Return whether a cell says yes: `true`, `Yes`, `1`, `x`. Empty is no."""
    text = cell.strip().casefold()
    if text not in _YES | _NO:
        raise ValueError(f"{cell!r} is neither yes nor no")
    return text in _YES


@lru_cache(maxsize=1024)
def read_language(cell: str) -> str:
    """Return the language's code: `en` for `en-US`, `EN`, `English (US)` or `inglés`; '' if empty."""
    text = cell.strip()
    if not text:
        return ""
    named = _languages_by_name().get(re.sub(r"\s*[(,].*", "", text).casefold())
    if named:
        return named
    try:
        return str(Locale.parse(re.sub(r"[.@].*", "", text).replace("-", "_")).language)
    except (UnknownLocaleError, ValueError):
        raise ValueError(f"{text!r} is not a language; use en or es") from None


@cache
def _languages_by_name() -> dict[str, str]:
    """Return the names of languages in English and Spanish, and each in itself."""
    found: dict[str, str] = {}
    for names in (Locale("es").languages, Locale("en").languages):
        found |= {str(name).casefold(): code.partition("_")[0] for code, name in names.items()}
    for code in _OWN_NAMES:
        found[str(Locale(code).get_language_name()).casefold()] = code
    return found
