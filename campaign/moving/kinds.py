"""The kinds of files that can be imported, by name."""

from collections.abc import Callable
from typing import Any

from campaign.moving.gifts import GiftsImport
from campaign.moving.importing import ImportKind
from campaign.moving.people import PeopleImport
from campaign.moving.suppressed import SuppressionsImport
from campaign.runtime.context import Installation

KINDS: dict[str, Callable[[Installation], ImportKind[Any]]] = {
    "people": lambda _: PeopleImport(),
    "gifts": GiftsImport,
    "suppressions": lambda _: SuppressionsImport(),
}
"""In the order in which a newsroom imports them; suppressions may come at any time."""
