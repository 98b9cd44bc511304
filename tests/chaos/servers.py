"""PostgreSQL and the broker, which crash and come back at the same address. For `tests.chaos`."""

import signal
import time
from typing import Self

from sandbox.servers import PrivateBroker, PrivatePostgres, ServerError
from sandbox.servers.account import unprivileged
from sandbox.servers.process import stop

SECONDS = 10.0


class CrashingPostgres(PrivatePostgres):
    """A server that promises what production's does: what was committed survives the crash of the server.

    The machine itself stays up, so nothing needs to reach the disk in time.
    """

    def __init__(self) -> None:
        super().__init__(settings={"synchronous_commit": "on"})

    def crash(self) -> Self:
        """Immediate shutdown, which is a crash by order: recovery from the log follows. Then it starts again."""
        assert self._process is not None
        stop(self._process, signal.SIGQUIT, timeout=SECONDS)
        deadline = time.monotonic() + SECONDS
        while not self._start_once(unprivileged()):
            if time.monotonic() > deadline:
                raise ServerError("PostgreSQL did not come back on its port")
            time.sleep(0.1)
        return self


class CrashingBroker(PrivateBroker):
    """A broker that forgets everything it held when it dies."""

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
