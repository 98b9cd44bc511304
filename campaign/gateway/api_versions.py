"""Which API version our code reads, and which versions word objects in the same way."""

import re

API_VERSION = "2026-10-28.endive"
"""The version of the SDK in use, and of the types that our readers follow."""

_OURS = re.compile(r"\d{4}-\d{2}-\d{2}\.endive")


def is_our_version(version: str | None) -> bool:
    """Return whether our readers understand objects of `version`; a missing or odd one is not ours.

    Versions within a release have its name and are compatible with each other:
    https://docs.stripe.com/upgrades#backward-compatible-changes.
    """
    return version is not None and _OURS.fullmatch(version) is not None
