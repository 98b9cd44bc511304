"""What hypothesis may choose: what a reader fills in, how events arrive, who works and what interrupts them."""

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.histories.events import Pick, ReportedEvent
from tests.histories.world import CAMPAIGNS, ConnectionLost, WorkerKilled
from tests.support.stripe import Json

DONORS = ("ana@example.org", "Ana@Example.org", "ben@example.org", "chiyo@example.org")
INTERRUPTIONS = (
    ("before_commit", WorkerKilled),
    ("after_flush", WorkerKilled),
    ("after_commit", WorkerKilled),
    ("before_commit", ConnectionLost),
    ("after_flush", ConnectionLost),
)

interruptions = st.none() | st.builds(
    lambda interruption, count: (interruption[0], count, interruption[1]),
    st.sampled_from(INTERRUPTIONS),
    st.integers(1, 12),
)
workers = st.sampled_from([1, 4, 8])
steps = st.integers(1, 5)


@dataclass(frozen=True)
class FormEntry:
    """What a reader fills in."""

    campaign: str
    donor: str
    frequency: str
    amount: int
    fee_cover: int


form_entries = st.builds(
    FormEntry,
    campaign=st.sampled_from(sorted(CAMPAIGNS)),
    donor=st.sampled_from(DONORS),
    frequency=st.sampled_from(["one_time", "one_time", "monthly"]),
    amount=st.integers(50, 100_000),
    fee_cover=st.sampled_from([0, 0, 1, 106, 9_000]),
)


@dataclass
class Delivery:
    """A telling on its way: how often its event comes, and under how many further ids it is sent again."""

    reported_event: ReportedEvent
    repeated: int
    sent_again: int

    def events(self) -> list[Json]:
        found = self.reported_event.event
        again = [dict(found, id=f"{found['id']}_{turn}") for turn in range(self.sent_again)]
        return [found] * self.repeated + again


def picking(data: st.DataObject) -> Pick:
    """Lets a life choose, so that hypothesis can shrink what happened in it."""
    return lambda options: data.draw(st.sampled_from(options))
