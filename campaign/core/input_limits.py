"""What people type into the desk's boxes and addresses, made safe to ask the database with."""

import unicodedata

LARGEST_KEY = 2**63 - 1
"""The largest number of a row."""


def read_key(text: str) -> int | None:
    """The number of a row; None for anything that no row can have."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    key = int(text)
    return key if key <= LARGEST_KEY else None


def has_control_character(text: str) -> bool:
    """Whether a control character is in it, apart from tabs and the ends of lines."""
    return any(unicodedata.category(one) == "Cc" and one not in "\t\r\n" for one in text)


def one_line(text: str, most: int) -> str:
    """`text` without control characters, its spaces single, cut after `most` characters."""
    return " ".join(
        "".join(" " if has_control_character(one) else one for one in text[:most]).split()
    )
