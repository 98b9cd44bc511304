"""What hypothesis may choose: what a reader fills in, how events arrive, who works and what interrupts them."""

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.histories.events import Pick, Telling
from tests.histories.world import CAMPAIGNS, Killed, Lost
from tests.support.stripe import Json

DONORS = ("ana@example.org", "Ana@Example.org", "ben@example.org", "chiyo@example.org")
BLOWS = (
    ("before_commit", Killed),
    ("after_flush", Killed),
    ("after_commit", Killed),
    ("before_commit", Lost),
    ("after_flush", Lost),
)

blows = st.none() | st.builds(
    lambda blow, count: (blow[0], count, blow[1]), st.sampled_from(BLOWS), st.integers(1, 12)
)
workers = st.sampled_from([1, 4, 8])
steps = st.integers(1, 5)


@dataclass(frozen=True)
class Wanted:
    """What a reader fills in."""

    campaign: str
    donor: str
    frequency: str
    amount: int
    fee_cover: int


wanted = st.builds(
    Wanted,
    campaign=st.sampled_from(sorted(CAMPAIGNS)),
    donor=st.sampled_from(DONORS),
    frequency=st.sampled_from(["one_time", "one_time", "monthly"]),
    amount=st.integers(50, 100_000),
    fee_cover=st.sampled_from([0, 0, 1, 106, 9_000]),
)


@dataclass
class Delivery:
    """A telling on its way: how often its event comes, and under how many further ids it is sent again."""

    telling: Telling
    repeated: int
    sent_again: int

    def events(self) -> list[Json]:
        found = self.telling.event
        again = [dict(found, id=f"{found['id']}_{turn}") for turn in range(self.sent_again)]
        return [found] * self.repeated + again


def picking(data: st.DataObject) -> Pick:
    """Lets a life choose, so that hypothesis can shrink what happened in it."""
    return lambda options: data.draw(st.sampled_from(options))
