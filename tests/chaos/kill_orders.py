"""Communication between the harness and its victims through files in one folder, which SIGKILL cannot lose.

`orders/` holds a file for each planned kill: `POINT@N@SCOPE` kills at the N-th pass of POINT. `passes` has a line for
each pass of a point, and `deaths` one for each order carried out. Nothing here imports the service.
"""

import contextlib
import os
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

PROCESS = "process"
"""Kill only the process that passes the point: a gunicorn worker or a process of Celery's pool."""

GROUP = "group"
"""Kill it together with its master and all of its siblings, like a power failure."""


@dataclass(frozen=True)
class Death:
    """Where a process killed itself. `about` is what it was processing, for example an event type."""

    point: str
    scope: str
    about: str


class KillOrders:
    """The shared folder, for the harness and for victims."""

    def __init__(self, folder: Path) -> None:
        self._orders = folder / "orders"
        self._passes = folder / "passes"
        self._deaths = folder / "deaths"
        self._orders.mkdir(parents=True, exist_ok=True)
        self._read = 0
        for log in (self._passes, self._deaths):
            log.touch()

    # --- For victims

    def pass_point(self, point: str, about: str = "") -> None:
        """Record the pass. If a kill is ordered here, this call does not return."""
        _append(self._passes, point)
        for order in self._orders.iterdir():
            name, number, scope = order.name.rsplit("@", 2)
            if name == point:
                self._obey(order, name, int(number), scope, about)
                return

    def _obey(self, order: Path, point: str, number: int, scope: str, about: str) -> None:
        """Carry out the order. If several processes pass at once, the file system lets only one take it."""
        with contextlib.suppress(FileNotFoundError):
            if number > 1:
                later = f"{point}@{number - 1}@{scope}"
                order.rename(self._orders / later)
                return
            order.unlink()
            _append(self._deaths, f"{point}\t{scope}\t{about}")
            if scope == GROUP:
                os.killpg(os.getpgrp(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    # --- For the harness

    def order(self, point: str, number: int, scope: str) -> None:
        """Make the `number`-th process that passes `point` from now on kill itself."""
        (self._orders / f"{point}@{number}@{scope}").touch()

    def cancel_orders(self) -> None:
        """Cancel the orders that were not carried out."""
        for order in list(self._orders.iterdir()):
            order.unlink(missing_ok=True)

    def passed(self) -> Counter[str]:
        """Return how often each point was passed since the last call."""
        with self._passes.open("rb") as log:
            log.seek(self._read)
            whole = log.read()
        whole = whole[: whole.rfind(b"\n") + 1]
        self._read += len(whole)
        return Counter(whole.decode().split("\n")[:-1])

    def deaths(self) -> list[Death]:
        """Return every order that was carried out, oldest first."""
        lines = self._deaths.read_text().splitlines()
        return [Death(*line.split("\t")) for line in lines]


def _append(log: Path, line: str) -> None:
    """Append with one write, so that lines of several processes never mix and survive SIGKILL."""
    handle = os.open(log, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(handle, f"{line}\n".encode())
    finally:
        os.close(handle)
