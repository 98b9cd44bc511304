"""Places in a letter where its readers differ: one letter is rendered for all, and filled for each.

The sending edge fills them. A place is written in characters of Unicode's private use area, which no keyboard types
and which HTML and style inlining leave alone.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace

from campaign.mailer.render import RenderedEmail

_OPEN, _CLOSE = "\ue010", "\ue011"
_NAMED, _UNNAMED, _END = "\ue012", "\ue013", "\ue014"

NAME = f"{_OPEN}name{_CLOSE}"
"""The reader's name, which may be empty; see `with_name`."""
UNSUBSCRIBE_URL = f"{_OPEN}unsubscribe{_CLOSE}"
"""The address of the page on which this reader ends such mail."""

_PLACE = re.compile(f"{_OPEN}[a-z_]+{_CLOSE}")
_CHOICE = re.compile(f"{_NAMED}([^{_UNNAMED}]*){_UNNAMED}([^{_END}]*){_END}")
_JOINERS = "\u200c\u200d"  # some scripts are written with them
_MARKS = str.maketrans(dict.fromkeys((_OPEN, _CLOSE, _NAMED, _UNNAMED, _END)))


def with_name(named: str, unnamed: str) -> str:
    """A text that reads `named`, which holds NAME, where the reader's name is known, and `unnamed` where it is not."""
    return f"{_NAMED}{named}{_UNNAMED}{unnamed}{_END}"


def fill(letter: RenderedEmail, values: Mapping[str, str]) -> RenderedEmail:
    """`letter` for one reader. Values are plain text: each becomes one line, and markup in it stays text.

    Raises KeyError for a place of the letter that `values` lacks: nobody gets a letter with a hole.
    """
    lines = {place: _one_line(text) for place, text in values.items()}
    escaped = {place: html.escape(text) for place, text in lines.items()}
    return replace(
        letter,
        subject=_filled(letter.subject, lines),
        text=_filled(letter.text, lines),
        html=_filled(letter.html, escaped),
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Choices first, then all places in one pass: what is filled in is never looked at again."""
    chosen = _CHOICE.sub(_choice(named=bool(values.get(NAME))), text)
    return _PLACE.sub(lambda found: values[found[0]], chosen)


def _choice(*, named: bool) -> Callable[[re.Match[str]], str]:
    return lambda found: found[1] if named else found[2]


def _one_line(text: str) -> str:
    """Without line breaks, control and formatting characters, and without anything that looks like a place."""
    spaced = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character
        for character in text.translate(_MARKS)
        if unicodedata.category(character) not in {"Cs", "Cf"} or character in _JOINERS
    )
    return " ".join(spaced.split())
