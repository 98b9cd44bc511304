"""An event with the facts that it reports, and the objects at Stripe behind it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.histories.model import Fact
from tests.support.stripe import Json

Pick = Callable[[Sequence[Any]], Any]
"""Choose one of several options; hypothesis does."""

BACK = ("failed", "canceled")


@dataclass(frozen=True)
class ReportedEvent:
    """An event, and the facts that it reports about the donation `key`."""

    key: str
    event: Json
    facts: tuple[Fact, ...] = ()


@dataclass
class Refund:
    """A refund at Stripe."""

    name: str
    amount: int
    status: str


@dataclass
class Dispute:
    """A dispute at Stripe, with its balance transactions and the role of each: out, back, beside or fee."""

    name: str
    amount: int
    status: str
    movements: list[Json] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    appealed: bool = False

    @property
    def open(self) -> bool:
        return self.status not in {"won", "lost", "warning_closed", "prevented"}

    @property
    def inquiry(self) -> bool:
        return self.status.startswith("warning_")

    @property
    def withdrawn(self) -> int:
        """The amount that is withdrawn and not reinstated."""
        roles = list(self.roles.values())
        return self.amount * (roles.count("out") - roles.count("back"))


def some(reported: list[ReportedEvent], pick: Pick) -> list[ReportedEvent]:
    """Return both, the first or the second of two events with the same fact: not every account gets every type."""
    return {"both": reported, "first": reported[:1], "second": reported[1:]}[
        pick(("both", "first", "second"))
    ]
