"""A private PostgreSQL server, in a temporary folder for tests or with saved data for `./dev run`."""

import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from sandbox.servers.account import Account, unprivileged
from sandbox.servers.binaries import Binaries, choose
from sandbox.servers.cluster import Cluster, make_cluster
from sandbox.servers.ports import LOOPBACK, free_port
from sandbox.servers.process import ServerError, start, stop
from sandbox.servers.scratch import scratch_folder
from sandbox.start_stop import StartStopContext

USER = "campaign"
DATABASE = "postgres"
START_SECONDS = 120.0
STOP_SECONDS = 60.0
ATTEMPTS = 5

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # TCP with a password only; socket paths have a length limit
    "max_connections": "300",
    # Details of an error quote rows, with names and addresses.
    "log_error_verbosity": "terse",
    "logging_collector": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "jit": "off",
}


class PrivatePostgres(StartStopContext):
    """`with PrivatePostgres() as server: connect(server.url)`.

    `directory` holds the database; None means a temporary folder that is deleted at the end.
    `durable` protects against data loss in a power failure; tests run faster without it.
    `settings` override the defaults. `binaries` selects an installation; by default the system's or
    the wheel's. Raises ServerError with a message for the user.
    """

    def __init__(
        self,
        directory: Path | None = None,
        *,
        durable: bool = False,
        settings: Mapping[str, str] | None = None,
        binaries: Binaries | None = None,
    ) -> None:
        self._directory = directory
        self._durable = durable
        self._settings = SETTINGS | ({} if durable else FAST_SETTINGS) | dict(settings or {})
        self._wanted = binaries
        self._scratch: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._password = ""
        self.port = 0

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Return the address of another database on this server, which may not exist yet."""
        return f"postgresql://{USER}:{self._password}@{LOOPBACK}:{self.port}/{database}"

    @property
    def process_id(self) -> int:
        return self._process.pid if self._process else 0

    def ended(self) -> bool:
        """Return whether the server is no longer running."""
        return self._process is None or self._process.poll() is not None

    def last_lines(self, count: int = 15) -> list[str]:
        """Return the last lines of the server's log."""
        log = self._cluster.log
        return log.read_text(errors="replace").splitlines()[-count:] if log.exists() else []

    def start(self) -> Self:
        account = unprivileged()
        self._scratch = scratch_folder(account)
        try:
            self._prepare(account)
            self._start(account)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Fast shutdown: disconnect clients and keep everything that was committed."""
        if self._process is not None:
            stop(self._process, signal.SIGINT, timeout=STOP_SECONDS)
            self._process = None
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None

    def _prepare(self, account: Account | None) -> None:
        assert self._scratch is not None
        self._cluster = Cluster.at(self._directory or self._scratch / "server", account)
        binaries = self._wanted or choose(self._cluster.major)
        self._binaries = binaries.reachable_by(account, self._scratch)
        if self._cluster.major is None:
            make_cluster(
                self._cluster,
                self._binaries,
                account,
                USER,
                secrets.token_hex(16),
                sync=self._durable,
            )
        self._cluster.stop_earlier_server()
        self._password = self._cluster.password

    def _start(self, account: Account | None) -> None:
        """Start on a free port. Try another one if it was taken in the meantime."""
        for _ in range(ATTEMPTS):
            self.port = free_port()
            if self._start_once(account):
                return
        raise ServerError(f"PostgreSQL found no free port on {LOOPBACK} in {ATTEMPTS} attempts")

    def _start_once(self, account: Account | None) -> bool:
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        command: list[str | Path] = [
            self._binaries.program("postgres"),
            *("-D", self._cluster.folder, "-p", str(self.port)),
            *options,
        ]
        with self._cluster.log.open("wb") as log:
            self._process = start(
                command,
                death_signal=signal.SIGINT,
                account=account,
                output=log,
                directory=self._cluster.folder,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._cluster.ready(self._process.pid):
                return True
            if self._process.poll() is not None:
                if any("could not bind" in line for line in self.last_lines(50)):
                    return False
                raise ServerError("PostgreSQL did not start: " + " / ".join(self.last_lines(5)))
            time.sleep(0.01)
        raise ServerError(f"PostgreSQL was not ready after {START_SECONDS:.0f} seconds")
