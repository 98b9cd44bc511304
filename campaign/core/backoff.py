"""How long to wait before a retry, and when to give up. Each caller defines its own figures."""

import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Backoff:
    """Wait `first` after the first attempt, then double the wait after each attempt up to `longest`.

    `jitter`: add up to this fraction of the wait at random, so that jobs that fail together do not retry together.
    `patience`: give up after this long. `most_attempts`: give up after this many attempts. None: never give up.
    """

    first: timedelta
    longest: timedelta
    jitter: float = 0.0
    patience: timedelta | None = None
    most_attempts: int | None = None

    def wait(self, attempts: int) -> timedelta:
        """Return the wait after attempt number `attempts`, counted from 1."""
        # Decided before computing a power of 2: a row may have had ten thousand attempts.
        capped = attempts - 1 >= math.log2(self.longest / self.first)
        wait = self.longest if capped else min(self.first * 2 ** max(attempts - 1, 0), self.longest)
        return wait * (1 + self.jitter * random.random())  # noqa: S311 - spreads out retries, not a secret

    def is_over(self, *, since: datetime, at: datetime) -> bool:
        """Return whether `at` is later than `since` (the first attempt or the request) plus `patience`."""
        return self.patience is not None and at > since + self.patience

    def is_last(self, attempts: int) -> bool:
        """Return whether attempt number `attempts` is the last."""
        return self.most_attempts is not None and attempts >= self.most_attempts
