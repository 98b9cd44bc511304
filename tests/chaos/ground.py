"""What the harness and its victims tell each other, in files of one folder, so that SIGKILL loses nothing of it.

`orders/` holds a file for each death that is ordered: `POINT@N@SCOPE` kills at the N-th passing of POINT. `passes` has
a line for each passing of a point, `deaths` one for each order carried out. Nothing here imports the service.
"""

import contextlib
import os
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

PROCESS = "process"
"""Only the process that passes the point dies: a gunicorn worker, a process of Celery's pool."""

GROUP = "group"
"""It dies with its master and all of its siblings, as by a power cut."""


@dataclass(frozen=True)
class Death:
    """Where a process killed itself. `about` is what it was doing there, as the type of an event."""

    point: str
    scope: str
    about: str


class Ground:
    """The folder, from both sides."""

    def __init__(self, folder: Path) -> None:
        self._orders = folder / "orders"
        self._passes = folder / "passes"
        self._deaths = folder / "deaths"
        self._orders.mkdir(parents=True, exist_ok=True)
        self._read = 0
        for log in (self._passes, self._deaths):
            log.touch()

    # --- The victims' side

    def pass_point(self, point: str, about: str = "") -> None:
        """Note the passing; if it is the one that was ordered, this call does not return."""
        _append(self._passes, point)
        for order in self._orders.iterdir():
            name, number, scope = order.name.rsplit("@", 2)
            if name == point:
                self._obey(order, name, int(number), scope, about)
                return

    def _obey(self, order: Path, point: str, number: int, scope: str, about: str) -> None:
        """Of several processes that pass at once, the file system lets one take the order."""
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

    # --- The harness's side

    def order(self, point: str, number: int, scope: str) -> None:
        """Have the `number`-th process that passes `point` from now on kill itself there."""
        (self._orders / f"{point}@{number}@{scope}").touch()

    def withdraw(self) -> None:
        """Forget the orders that nobody came by."""
        for order in list(self._orders.iterdir()):
            order.unlink(missing_ok=True)

    def passed(self) -> Counter[str]:
        """How often each point was passed since this was last asked."""
        with self._passes.open("rb") as log:
            log.seek(self._read)
            whole = log.read()
        whole = whole[: whole.rfind(b"\n") + 1]
        self._read += len(whole)
        return Counter(whole.decode().split("\n")[:-1])

    def deaths(self) -> list[Death]:
        """Every order that was carried out, in their order."""
        lines = self._deaths.read_text().splitlines()
        return [Death(*line.split("\t")) for line in lines]


def _append(log: Path, line: str) -> None:
    """One write, so that lines of several processes never mix; the kernel keeps it whoever dies next."""
    handle = os.open(log, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(handle, f"{line}\n".encode())
    finally:
        os.close(handle)
