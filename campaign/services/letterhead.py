"""What all letters begin from: whose they are, and that one may have become pointless."""

from collections.abc import Callable
from dataclasses import dataclass

from campaign.config import Organization


@dataclass(frozen=True)
class Sender:
    """Whose letters these are, and how a path becomes a public address."""

    organization: Organization
    address: Callable[[str], str]


@dataclass(frozen=True)
class Pointless:
    """Why a letter need not be sent any more."""

    reason: str
