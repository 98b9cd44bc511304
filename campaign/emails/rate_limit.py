"""Limit how many connections for campaign emails are open at once, over all workers, and how fast each one sends.

A slot is a PostgreSQL advisory lock on a separate connection, so it is released when a worker dies.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from sqlalchemy import Engine

from campaign.core import clock
from campaign.core.locks import AdvisoryLock, release_session_lock, try_session_lock
from campaign.core.settings import MailSettings

_SLOTS = AdvisoryLock.BULK_MAIL
MAX_PAUSE = 300.0
"""Seconds."""


@contextmanager
def slot(engine: Engine, connections: int) -> Iterator[bool]:
    """Yield whether one of `connections` slots was free. The slot is held within the block."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        number = next(
            (n for n in range(connections) if try_session_lock(connection, _SLOTS, n)), None
        )
        try:
            yield number is not None
        finally:
            if number is not None:
                release_session_lock(connection, _SLOTS, number)


class SendRate:
    """One slot's share of the rate: `interval` seconds between two emails."""

    def __init__(self, mail: MailSettings) -> None:
        self.interval = float(Decimal(mail.connections) / mail.rate) if mail.rate else 0.0
        self._next = time.monotonic()

    @property
    def waits(self) -> bool:
        """Whether `wait` would wait now."""
        return self._next > time.monotonic()

    def wait(self) -> None:
        """Wait until the next email may be sent."""
        self.rest()
        self._next = max(time.monotonic(), self._next) + self.interval

    def rest(self) -> None:
        """Wait out the interval of the last email, because the next holder of the slot sends immediately."""
        left = self._next - time.monotonic()
        if left > 0:
            clock.pause(min(left, MAX_PAUSE))
