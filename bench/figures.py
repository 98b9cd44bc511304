"""Results of a benchmark: operations per second beside the limit measured in the same run."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

ROUNDS = 3


@dataclass(frozen=True)
class Figure:
    """Rate of `what` and, as `limit`, the rate of `limited_by`, measured alternately in one run; per second."""

    what: str
    per_second: float
    limited_by: str
    limit: float

    def line(self) -> str:
        ratio = self.per_second / self.limit
        return (
            f"{self.what:<44} {self.per_second:>9,.0f}/s   {ratio:5.2f} of"
            f" {self.limited_by} ({self.limit:,.0f}/s)"
        )


@dataclass(frozen=True)
class Memory:
    """Peak memory of `what`, and as `limit` its peak with no work to do; megabytes."""

    what: str
    megabytes: float
    limited_by: str
    limit: float

    def line(self) -> str:
        ratio = self.megabytes / self.limit
        return (
            f"{self.what:<44} {self.megabytes:>8,.0f} MB   {ratio:5.2f} of"
            f" {self.limited_by} ({self.limit:,.0f} MB)"
        )


def in_turn(*measures: Callable[[], float]) -> list[float]:
    """Return the median of each measure over several rounds, alternating so that all see the same load."""
    taken: list[list[float]] = [[] for _ in measures]
    for _ in range(ROUNDS):
        for place, measure in enumerate(measures):
            taken[place].append(measure())
    return [median(found) for found in taken]
