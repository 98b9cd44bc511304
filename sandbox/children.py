"""Start, log, watch and stop the processes of `./dev run`.

This uses plain subprocess because honcho's manager starts and stops everything at once. Here, servers
start before migrations and migrations before the web server, and they stop in reverse order.
"""

import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from sandbox.servers.process import ServerError, kill_group, start

TAIL = 25
# A level name in text or JSON, or the first line of a stack trace.
NOTEWORTHY = re.compile(
    rb"(?<![%\w])(WARNING|ERROR|CRITICAL)\b|\"level\": ?\"(warning|error|critical)\"|^Traceback "
)


class MonitoredProcess(Protocol):
    """A process that may end unexpectedly: a child or a private server."""

    def ended(self) -> bool: ...
    def last_lines(self, count: int = ...) -> list[str]: ...


class Child:
    """One process. All of its output goes to `log`, and warnings and errors also to the terminal."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        directory: Path,
        log: Path,
        verbose: bool = False,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self._log = log
        self._verbose = verbose
        self._stop_signal = stop_signal
        self._tail: deque[bytes] = deque(maxlen=TAIL)
        self._new_line = threading.Condition()
        self._process = start(
            command,
            death_signal=signal.SIGKILL,
            output=subprocess.PIPE,
            environment=environment,
            directory=directory,
        )
        self._reader = threading.Thread(target=self._read, name=f"log of {name}", daemon=True)
        self._reader.start()

    @property
    def process_id(self) -> int:
        return self._process.pid

    def ended(self) -> bool:
        return self._process.poll() is not None

    def last_lines(self, count: int = TAIL) -> list[str]:
        self._reader.join(30 if self.ended() else 0)
        return [line.decode(errors="replace").rstrip() for line in self._tail][-count:]

    def wait_for_line(self, pattern: str, timeout: float) -> str:
        """Wait for a line that matches `pattern` and return its first group. Raises ServerError."""
        wanted = re.compile(pattern)
        deadline = time.monotonic() + timeout
        with self._new_line:
            while time.monotonic() < deadline:
                for line in list(self._tail):
                    found = wanted.search(line.decode(errors="replace"))
                    if found:
                        return found.group(1)
                if self.ended():
                    break
                self._new_line.wait(0.1)
        raise ServerError(explain(self.name, self, "was not ready"))

    def wait(self, timeout: float) -> int:
        """Wait for a task to finish and return its exit code. Raises ServerError after `timeout` seconds."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            kill_group(self._process)
            raise ServerError(explain(self.name, self, f"took over {timeout:.0f} s")) from None

    def request_stop(self) -> None:
        if not self.ended():
            self._process.send_signal(self._stop_signal)

    def kill(self) -> None:
        """Kill the process and all of its descendants."""
        kill_group(self._process)
        self._process.wait()
        self._reader.join(1)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._log.open("wb") as log:
            for line in self._process.stdout:
                log.write(line)
                log.flush()
                if self._verbose or NOTEWORTHY.search(line):
                    report(f"{self.name:>7} | {line.decode(errors='replace').rstrip()}")
                with self._new_line:
                    self._tail.append(line)
                    self._new_line.notify_all()


def stop_together(children: Iterable[Child], timeout: float, skip_wait: Callable[[], bool]) -> None:
    """Ask all to stop, wait up to `timeout` seconds, then kill the rest; skip the wait when `skip_wait()`."""
    running = list(children)
    for child in running:
        child.request_stop()
    deadline = time.monotonic() + timeout
    while not all(child.ended() for child in running):
        if skip_wait() or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    for child in running:
        child.kill()


def explain(name: str, ended: MonitoredProcess, what: str) -> str:
    """Return one sentence, followed by the last lines that the process printed."""
    lines = [f"  {line}" for line in ended.last_lines()]
    return "\n".join([f"{name} {what}" + ("; its last lines:" if lines else ""), *lines])


def report(text: str) -> None:
    """Print to standard error, because standard output carries the addresses."""
    print(text, file=sys.stderr, flush=True)
