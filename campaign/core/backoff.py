"""How long to wait before what failed is tried again, and when it is given up. Whoever waits keeps its own figures."""

import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Backoff:
    """Waits of `first`, doubled after each attempt up to `longest`.

    `jitter`: up to this share of a wait is added by chance, so that those who fail together come back apart.
    `patience`: tried for so long, then given up. `most_attempts`: tried so many times, then given up. None: no end.
    """

    first: timedelta
    longest: timedelta
    jitter: float = 0.0
    patience: timedelta | None = None
    most_attempts: int | None = None

    def wait(self, attempts: int) -> timedelta:
        """The wait after the attempt of this number, the first being 1."""
        # Told without computing 2 to any power: a row may have been tried ten thousand times.
        capped = attempts - 1 >= math.log2(self.longest / self.first)
        wait = self.longest if capped else min(self.first * 2 ** max(attempts - 1, 0), self.longest)
        return wait * (1 + self.jitter * random.random())  # noqa: S311 - it parts those who fail together, no secret

    def is_over(self, *, since: datetime, at: datetime) -> bool:
        """Whether `at` is past the patience with what was first tried, or asked for, at `since`."""
        return self.patience is not None and at > since + self.patience

    def is_last(self, attempts: int) -> bool:
        """Whether no attempt follows the one of this number."""
        return self.most_attempts is not None and attempts >= self.most_attempts
