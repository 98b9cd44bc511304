"""PostgreSQL and a broker that can crash and restart at the same address."""

import signal
import time
from typing import Self

from sandbox.servers import PrivateBroker, PrivatePostgres, ServerError
from sandbox.servers.account import unprivileged
from sandbox.servers.process import stop

SECONDS = 60.0


class CrashingPostgres(PrivatePostgres):
    """A server that, as in production, keeps everything committed when it crashes.

    The machine itself stays up, so data does not need to reach the disk.
    """

    def __init__(self) -> None:
        super().__init__(settings={"synchronous_commit": "on"})

    def crash(self) -> Self:
        """Crash by immediate shutdown, then start again, which recovers from the log."""
        assert self._process is not None
        stop(self._process, signal.SIGQUIT, timeout=SECONDS)
        deadline = time.monotonic() + SECONDS
        while not self._start_once(unprivileged()):
            if time.monotonic() > deadline:
                raise ServerError("PostgreSQL did not come back on its port")
            time.sleep(0.1)
        return self


class CrashingBroker(PrivateBroker):
    """A broker that loses all of its messages when it crashes."""

    def crash(self) -> Self:
        assert self._process is not None
        assert self._folder is not None
        stop(self._process, signal.SIGKILL, timeout=SECONDS)
        deadline = time.monotonic() + SECONDS
        while not self._start_once(self._folder):
            if time.monotonic() > deadline:
                raise ServerError("the broker did not come back on its port")
            time.sleep(0.1)
        return self
