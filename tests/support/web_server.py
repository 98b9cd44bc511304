"""gunicorn with the configuration that we ship, on a port of this machine."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox.servers import free_port
from tests.support.compose import EXAMPLE
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py"]
PROBE = "tests.support.probe_web:application"
SETTINGS = EXAMPLE | {
    "SECRET_KEY": "s" * 40,
    "STRIPE_SECRET_KEY": "sk_test_sandbox",
    "STRIPE_WEBHOOK_SECRET": "whsec_for_tests",
}
"""Valid settings that point to no server."""

OWN = {"PATH", "HOME", "LANG", "TMPDIR"}
ATTEMPTS = 5


def environment(**changes: str) -> dict[str, str]:
    """Return the variables for a process of the service, without others of this machine."""
    kept = {name: value for name, value in os.environ.items() if name in OWN}
    return kept | SETTINGS | changes


@dataclass
class WebServer:
    """A running gunicorn. `log` has its output."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def get(self, target: str) -> str:
        connection = self.connect()
        try:
            connection.request("GET", target)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def answers(self) -> bool:
        try:
            return bool(self.get("/process"))
        except OSError:
            return False

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def workers(self) -> list[psutil.Process]:
        return list(psutil.Process(self.process.pid).children())

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = 60.0) -> int:
        """Send the signal; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


@contextmanager
def running_gunicorn(folder: Path, *options: str, **changes: str) -> Iterator[WebServer]:
    """Start gunicorn with the probe; kill what is left of it at the end."""
    server = _started(folder, options, environment(**changes))
    for _ in range(ATTEMPTS):
        if _ready(server):
            break
        server = _started(folder, options, environment(**changes))
    else:
        raise AssertionError(server.output())
    try:
        yield server
    finally:
        if server.process.poll() is None:
            for worker in server.workers():
                worker.kill()
            server.process.kill()
            server.process.wait()


def _ready(server: WebServer) -> bool:
    """Wait until it answers; return False if it ended, as it does when its port was taken meanwhile."""
    wait_until(lambda: server.process.poll() is not None or server.answers(), 60)
    return server.process.poll() is None


def _started(folder: Path, options: tuple[str, ...], variables: Mapping[str, str]) -> WebServer:
    port, log = free_port(), folder / "gunicorn.log"
    bind = ["--bind", f"127.0.0.1:{port}"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*COMMAND, *bind, *options, PROBE],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=dict(variables),
        )
    return WebServer(process, port, log)
