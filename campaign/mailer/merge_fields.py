"""Merge fields: an email is rendered once for all recipients and then filled in for each.

A field is written with characters of Unicode's private use area, which nobody types and which HTML escaping and style
inlining do not change.
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
"""The recipient's name, which may be empty; see `with_name`."""
UNSUBSCRIBE_URL = f"{_OPEN}unsubscribe{_CLOSE}"
"""The URL of the recipient's unsubscribe page."""

_PLACE = re.compile(f"{_OPEN}[a-z_]+{_CLOSE}")
_CHOICE = re.compile(f"{_NAMED}([^{_UNNAMED}]*){_UNNAMED}([^{_END}]*){_END}")
_JOINERS = "\u200c\u200d"  # some scripts need them
_MARKS = str.maketrans(dict.fromkeys((_OPEN, _CLOSE, _NAMED, _UNNAMED, _END)))


def with_name(named: str, unnamed: str) -> str:
    """Return a field that becomes `named`, which contains NAME, if the recipient has a name, and `unnamed` if not."""
    return f"{_NAMED}{named}{_UNNAMED}{unnamed}{_END}"


def fill(email: RenderedEmail, values: Mapping[str, str]) -> RenderedEmail:
    """Return `email` filled in for one recipient. Values are plain text: each is put on one line and escaped in HTML.

    Raise KeyError if `values` lacks a field of the email, so that no incomplete email is sent.
    """
    lines = {place: _one_line(text) for place, text in values.items()}
    escaped = {place: html.escape(text) for place, text in lines.items()}
    return replace(
        email,
        subject=_filled(email.subject, lines),
        text=_filled(email.text, lines),
        html=_filled(email.html, escaped),
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Resolve the name choices, then fill all fields in one pass. Filled-in values are never scanned again."""
    chosen = _CHOICE.sub(_choice(named=bool(values.get(NAME))), text)
    return _PLACE.sub(lambda found: values[found[0]], chosen)


def _choice(*, named: bool) -> Callable[[re.Match[str]], str]:
    return lambda found: found[1] if named else found[2]


def _one_line(text: str) -> str:
    """Remove line breaks, control and formatting characters and anything that looks like a merge field."""
    spaced = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character
        for character in text.translate(_MARKS)
        if unicodedata.category(character) not in {"Cs", "Cf"} or character in _JOINERS
    )
    return " ".join(spaced.split())
