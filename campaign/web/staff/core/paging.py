"""Page links of a keyset-paginated list: `?before=ID` leads to older rows, `?after=ID` to newer ones.

The other query parameters, which filter the list, are kept. Used by `pager` in templates/macros/staff.html.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request


@dataclass(frozen=True)
class Pages:
    """The URLs of the neighboring pages; '' if there is none."""

    newer_url: str
    older_url: str


def pages(newer: int | str | None, older: int | str | None) -> Pages:
    """Return the links. `newer` is the key of this page's first row if newer rows exist, `older` that of its last row
    if older rows exist.
    """
    return Pages(
        address_with(after=newer, before=None) if newer is not None else "",
        address_with(before=older, after=None) if older is not None else "",
    )


def address_with(**changes: int | str | None) -> str:
    """Return this page's URL with some parameters set, or removed if None."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in changes]
    given = [(name, str(value)) for name, value in changes.items() if value is not None]
    query = urlencode(kept + given)
    return f"{request.path}?{query}" if query else request.path
