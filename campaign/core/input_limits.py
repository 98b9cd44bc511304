"""Make search input and IDs from URLs safe to use in database queries."""

import unicodedata

LARGEST_KEY = 2**63 - 1
"""The largest ID that a row can have."""


def read_key(text: str) -> int | None:
    """Parse a row ID; return None for anything that cannot be one."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    key = int(text)
    return key if key <= LARGEST_KEY else None


def has_control_character(text: str) -> bool:
    """Return whether `text` contains a control character other than tabs and line breaks."""
    return any(unicodedata.category(one) == "Cc" and one not in "\t\r\n" for one in text)


def one_line(text: str, most: int) -> str:
    """Cut `text` to `most` characters, remove control characters and collapse whitespace."""
    return " ".join(
        "".join(" " if has_control_character(one) else one for one in text[:most]).split()
    )
