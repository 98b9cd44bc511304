"""What the sync and the clients of the services exchange. Addresses are compared in lower case."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Protocol, TypeVar

from campaign.models import ListServiceName, SuppressionReason

DONOR = "donor"
CAMPAIGN = "campaign:"
"""Tags: `donor` for who gave, and `campaign:SLUG` for each campaign that they gave to."""


@dataclass(frozen=True)
class SubscriberProfile:
    """A subscriber with the tags that they should have."""

    email: str
    name: str
    locale: str
    tags: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.email.lower()


@dataclass(frozen=True)
class TagChange:
    """A member of the list whose tags differ from those that we last set."""

    email: str
    remote_id: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True)
class RemoteMember:
    """A member to be removed from the list, or deleted at the service if the person was erased."""

    email: str
    remote_id: str
    sealed: str = ""


@dataclass(frozen=True)
class Departure:
    """Someone who left the list there, or whose email failed there. `at`: None if the service does not say when."""

    email: str
    reason: SuppressionReason
    at: datetime | None


@dataclass
class AddOutcome:
    """What became of a batch: accepted (address to the service's id), refused (address to reason), or left before."""

    accepted: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    left: list[Departure] = field(default_factory=list)


class ListClient(Protocol):
    """A service's API. Every method may be repeated; all raise ListServiceFailed."""

    name: ListServiceName
    batch: int
    """How many people one call takes."""

    def departures(self, since: datetime | None) -> Iterator[Departure]:
        """Yield who left since then, complaints first."""
        ...

    def add(self, people: Sequence[SubscriberProfile]) -> AddOutcome:
        """Add people with their tags. Someone who left there is never subscribed again."""
        ...

    def change_tags(self, changes: Sequence[TagChange]) -> None:
        """Set our tags of members; the newsroom's own tags stay."""
        ...

    def remove(self, members: Sequence[RemoteMember]) -> None:
        """Take members off the list."""
        ...

    def erase(self, members: Sequence[RemoteMember]) -> None:
        """Delete people at the service."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


T = TypeVar("T")


def in_batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the rows in lists of at most `size`."""
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch


def is_donor(tags: Sequence[str]) -> bool:
    """Whether the tags say that the person gave."""
    return DONOR in tags


def campaigns_in(tags: Sequence[str]) -> list[str]:
    """Return the slugs of the campaigns in the tags."""
    return sorted(tag.removeprefix(CAMPAIGN) for tag in tags if tag.startswith(CAMPAIGN))
