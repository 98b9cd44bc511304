"""Addresses of the pages of a list that is read by keys: `?before=ID` goes on to older rows, `?after=ID` to newer ones.

The other parameters, which filter the list, stay as they are. For `pager` in templates/macros/staff.html.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request


@dataclass(frozen=True)
class Pages:
    """Where the pages beside this one are; '' where there is none."""

    newer_url: str
    older_url: str


def pages(newer: int | str | None, older: int | str | None) -> Pages:
    """`newer`: the key of this page's first row, if newer rows exist; `older`: that of its last, if older ones do."""
    return Pages(
        address_with(after=newer, before=None) if newer is not None else "",
        address_with(before=older, after=None) if older is not None else "",
    )


def address_with(**changes: int | str | None) -> str:
    """This page's address with some parameters set, or left out where None."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in changes]
    given = [(name, str(value)) for name, value in changes.items() if value is not None]
    query = urlencode(kept + given)
    return f"{request.path}?{query}" if query else request.path
