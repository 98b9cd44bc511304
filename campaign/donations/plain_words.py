"""Words that reach people who never contacted us may hold no address, host or link: a card is no way to send adverts.

A host is what ends in a public suffix (https://publicsuffix.org), so "Dr.Smith", "St. John" and "A.B. Yehoshua" are
names. Mail programs make links of bare hosts, so a scheme is not needed for one.
"""

import re
import unicodedata
from functools import cache

from publicsuffixlist import PublicSuffixList

_UNSEEN = {"Cf", "Cc"}
"""Unicode categories that split a host for a reader of bytes, not for a reader of letters."""

_DOTS = str.maketrans(dict.fromkeys("。．｡․﹒·•∙܁۔", "."))
"""Characters that stand for a dot. NFKC covers some of them; IDNA 2003 (RFC 3490, 3.1) names the first three."""

_WRITTEN_DOT = re.compile(r"\s*[\[({<]\s*(?:\.|dot|punto)\s*[\])}>]\s*", re.IGNORECASE)
"""`example[.]com`, `example (dot) com`."""
_SPOKEN_DOT = re.compile(
    r"(?<=\w)\s+(?:dot|punto)\s+(?=(?:com|net|org|info|io|co)\b)", re.IGNORECASE
)
_LOOSE_DOT = re.compile(r"(?<=\w)\s+\.\s*(?=\w)")
"""`example .com`: no sentence has a space before its full stop."""

_NO_NAMES = frozenset({"com", "net", "org", "info", "biz", "shop", "online", "xyz", "site"})
"""Endings of hosts that no name and no sentence has after a dot."""

_SCHEME = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,10}\s*:\s*/\s*/|\bh[tx]{2}ps?\b\s*:|\bwww\s*\.|\bmailto\s*:",
    re.IGNORECASE,
)
_MAILBOX = re.compile(r"\S\s*[@＠]\s*\S+\.|\S+@\S+|\w\s*[\[(]\s*at\s*[\])]\s*\w", re.IGNORECASE)
_NUMERIC = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_HOST = re.compile(r"(?<![\w.])(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,}(?![\w-])")
_TELEPHONE = re.compile(r"(?<![\d.])\+?(?:\d[\s().-]?){9,14}\d(?![\d.])")


def find_address(text: str) -> str:
    """Return what in `text` is an address, a host, a link or a telephone number; '' if nothing is."""
    plain = _plain(text)
    for pattern in (_SCHEME, _MAILBOX, _NUMERIC, _TELEPHONE):
        found = pattern.search(plain)
        if found:
            return found[0].strip()
    hosts = _HOST.finditer(plain)
    return next(
        (one[0] for one in hosts if _is_host(one[0], with_path=plain[one.end() :][:1] == "/")), ""
    )


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).translate(_DOTS)
    seen = "".join(one for one in folded if unicodedata.category(one) not in _UNSEEN or one == "\n")
    dotted = _SPOKEN_DOT.sub(".", _WRITTEN_DOT.sub(".", seen))
    return _LOOSE_DOT.sub(".", dotted)


def _is_host(text: str, *, with_path: bool) -> bool:
    *labels, last = text.split(".")
    if last.lower() in _NO_NAMES:
        return True
    if last.istitle() and labels[-1][:1].isupper():
        return False  # "Mr.Li", "Acme.Inc", "J.Crew"
    if max(map(len, labels)) == 1 and not with_path:
        return False  # "e.g.to", "J.lo"
    return _suffixes().privatesuffix(text.lower()) is not None


@cache
def _suffixes() -> PublicSuffixList:
    """Return the list as of its release: nothing is fetched."""
    return PublicSuffixList(accept_unknown=False)
