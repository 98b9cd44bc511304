"""What hypothesis may choose: form entries, how events arrive, the number of workers and their interruptions."""

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.histories.events import Pick, ReportedEvent
from tests.histories.world import CAMPAIGNS, Disconnected, WorkerKilled
from tests.support.stripe import Json

DONORS = ("ana@example.org", "Ana@Example.org", "ben@example.org", "chiyo@example.org")
INTERRUPTIONS = (
    ("before_commit", WorkerKilled),
    ("after_flush", WorkerKilled),
    ("after_commit", WorkerKilled),
    ("before_commit", Disconnected),
    ("after_flush", Disconnected),
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
    """What a donor enters in the form."""

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
    """An event in transit: how often it arrives, and how many times it is sent again with a new id."""

    reported_event: ReportedEvent
    repeated: int
    sent_again: int

    def events(self) -> list[Json]:
        found = self.reported_event.event
        again = [dict(found, id=f"{found['id']}_{turn}") for turn in range(self.sent_again)]
        return [found] * self.repeated + again


def picking(data: st.DataObject) -> Pick:
    """Return a choice function for a gift's history, so that hypothesis can shrink it."""
    return lambda options: data.draw(st.sampled_from(options))
