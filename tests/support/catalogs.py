"""The messages in code and templates, and test languages generated from them, which readers never see."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import write_po

from campaign.core import i18n

ROOT = Path(__file__).parents[2]
KEYWORDS = DEFAULT_KEYWORDS | {
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
    # Errors that readers see: the first argument is the sentence.
    "AmountInvalid": None,
    "ChangeRefused": None,
    "ReminderInvalid": None,
}
"""Functions whose arguments are messages; `docs/languages.md` passes the same ones to pybabel."""
PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")
_KEPT = re.compile(r"(%\(\w+\)[sd]|%%|<[^>]+>|\{\w+\}|&\w+;)")
_NO_WORDS = re.compile(r"[EMd, ']+")

Message = tuple[str, ...]


@cache
def messages() -> dict[Message, str]:
    """Return every message in code and templates, with its location. Plural messages have two parts."""
    with (i18n.TRANSLATIONS / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found: dict[Message, str] = {}
    for name, line, message, _, _ in extract_from_dir(
        ROOT, methods, options, KEYWORDS, directory_filter=_ours
    ):
        parts = (message,) if isinstance(message, str) else tuple(message)
        found.setdefault(parts, f"{name}:{line}")
    return found


def _ours(path: str | Path) -> bool:
    return Path(path).relative_to(ROOT).parts[0] in {"campaign", "templates"}


@contextmanager
def with_languages(folder: Path, languages: dict[str, Callable[[str], str]]) -> Iterator[None]:
    """Add `languages` within the block, each generated in `folder` by a function from a piece of English.

    Placeholders, markup and date patterns do not change.
    """
    for name, translate in languages.items():
        path = folder / name / "LC_MESSAGES" / "messages.po"
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            write_po(file, _made_up(name, translate))
    usual = i18n.TRANSLATIONS
    for name in i18n.languages():
        if name != i18n.ENGLISH:
            shutil.copytree(usual / name, folder / name)
    try:
        _turn_to(folder)
        yield
    finally:
        _turn_to(usual)


def _turn_to(folder: Path) -> None:
    i18n.TRANSLATIONS = folder
    i18n.languages.cache_clear()
    i18n._words.cache_clear()


def _made_up(name: str, translate: Callable[[str], str]) -> Catalog:
    catalog = Catalog(locale=name)
    for parts in messages():
        if _NO_WORDS.fullmatch(parts[0]):
            catalog.add(parts[0], parts[0])
        elif len(parts) == 1:
            catalog.add(parts[0], _translated(parts[0], translate))
        else:
            many = [_translated(parts[1], translate)] * (catalog.num_plurals - 1)
            catalog.add(parts, (_translated(parts[0], translate), *many))
    return catalog


def _translated(message: str, translate: Callable[[str], str]) -> str:
    pieces = _KEPT.split(message)
    return "".join(piece if _KEPT.fullmatch(piece) else translate(piece) for piece in pieces)


_ACCENTS = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "ÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽåƀçðéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýž",
)
_ARABIC = str.maketrans(
    dict(zip("abcdefghijklmnopqrstuvwxyz", "ابثدعفغهيجكلمنوبقرستوفوخيز", strict=True))
)


def pseudo(piece: str) -> str:
    """Accent, bracket and lengthen a text by 40 %. Any other text on a page has bypassed the catalog."""
    if not re.search(r"[A-Za-z]", piece):
        return piece
    start, bare, end = re.fullmatch(r"(\s*)(.*?)(\s*)", piece, re.DOTALL).groups()
    longer = " ".join(["ööö"] * round(len(bare) * 0.1))
    return f"{start}[{bare.translate(_ACCENTS)}{' ' + longer if longer else ''}]{end}"


def arabic(piece: str) -> str:
    """Replace English letters with Arabic ones. It is not a real language, but text runs and joins like one."""
    return piece.casefold().translate(_ARABIC)
