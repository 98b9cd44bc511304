"""An event with the facts that it tells, and what stands at Stripe behind it. For the histories' tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.histories.model import Fact
from tests.support.stripe import Json

Pick = Callable[[Sequence[Any]], Any]
"""Chooses one of several: hypothesis does."""

BACK = ("failed", "canceled")


@dataclass(frozen=True)
class ReportedEvent:
    """An event, and the facts that it tells of the donation called `key`."""

    key: str
    event: Json
    facts: tuple[Fact, ...] = ()


@dataclass
class Refund:
    """A refund as it stands at Stripe."""

    name: str
    amount: int
    status: str


@dataclass
class Dispute:
    """A dispute as it stands at Stripe, with its balance transactions."""

    name: str
    amount: int
    status: str
    movements: list[Json] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return self.status not in {"won", "lost", "warning_closed", "prevented"}

    @property
    def inquiry(self) -> bool:
        return self.status.startswith("warning_")

    @property
    def withdrawn(self) -> int:
        """What it has taken and not given back."""
        return self.amount if len(self.movements) == 1 else 0


def some(reported: list[ReportedEvent], pick: Pick) -> list[ReportedEvent]:
    """Both of two tellings of the same fact, or the one or the other: not every event type is sent everywhere."""
    return {"both": reported, "first": reported[:1], "second": reported[1:]}[
        pick(("both", "first", "second"))
    ]
