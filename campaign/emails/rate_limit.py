"""How many connections for bulk mail are open at once, over all workers, and how fast each goes.

A slot is an advisory lock of PostgreSQL, held by a connection of its own: a worker that dies gives it back.
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
    """Whether one of `connections` slots was free; it is ours within the block."""
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
    """One slot's share of the rate: `interval` seconds from one mail to the next."""

    def __init__(self, mail: MailSettings) -> None:
        self.interval = float(Decimal(mail.connections) / mail.rate) if mail.rate else 0.0
        self._next = time.monotonic()

    @property
    def waits(self) -> bool:
        """Whether `wait` would wait now."""
        return self._next > time.monotonic()

    def wait(self) -> None:
        """Until the next mail may go."""
        self.rest()
        self._next = max(time.monotonic(), self._next) + self.interval

    def rest(self) -> None:
        """Whoever takes the slot next begins at once: so the last mail's interval is waited out here."""
        left = self._next - time.monotonic()
        if left > 0:
            clock.pause(min(left, MAX_PAUSE))
