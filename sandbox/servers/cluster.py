"""The data folder of a private PostgreSQL server, created once and reused."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sandbox.servers.account import Account
from sandbox.servers.binaries import Binaries
from sandbox.servers.process import ServerError, command_of, tethered

FALLBACK_FOLDER = Path("/var/lib/campaign-sandbox")
BUILTIN_LOCALES_SINCE = 17
EARLIER_SERVER_SECONDS = 60.0


@dataclass(frozen=True)
class Cluster:
    """A database cluster. `home` holds the data folder, the password and the server's log."""

    home: Path

    @classmethod
    def at(cls, home: Path, account: Account | None) -> Self:
        """Return the cluster at `home`, with the folder created if needed and owned by `account`.

        If the account cannot reach `home` (for example a clone under /root), `home` becomes a link to
        a folder that it can reach, because changing permissions of parent folders is not acceptable.
        """
        home.parent.mkdir(parents=True, exist_ok=True)
        if account is not None and not home.exists() and not account.can_reach(home.parent):
            name = hashlib.sha256(str(home.absolute()).encode()).hexdigest()[:16]
            location = FALLBACK_FOLDER / name
            location.mkdir(parents=True, exist_ok=True)
            home.unlink(missing_ok=True)  # a link whose target was removed
            home.symlink_to(location)
        home.mkdir(mode=0o700, exist_ok=True)
        real = home.resolve()
        if account is not None:
            os.chown(real, account.user, account.group)
        return cls(real)

    @property
    def folder(self) -> Path:
        return self.home / "cluster"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def password(self) -> str:
        return (self.home / "password").read_text().strip()

    @property
    def major(self) -> int | None:
        """The major version of PostgreSQL that created the data, or None if there is no data yet."""
        version = self.folder / "PG_VERSION"
        return int(version.read_text()) if version.exists() else None

    def ready(self, process: int) -> bool:
        """Return whether the server with this process id accepts connections."""
        lines = self._lock_lines()
        return len(lines) >= 8 and lines[0] == str(process) and lines[7].strip() == "ready"

    def stop_earlier_server(self) -> None:
        """Stop a server that is still running, and remove the lock of one that crashed.

        PostgreSQL takes any live process with the recorded id for its server; after the machine
        restarts, that may be an unrelated process. Raises ServerError if the server does not stop.
        """
        deadline = time.monotonic() + EARLIER_SERVER_SECONDS
        while lines := self._lock_lines():
            if not lines[0].isdigit() or not self._is_server(int(lines[0])):
                (self.folder / "postmaster.pid").unlink(missing_ok=True)
                return
            if time.monotonic() > deadline:
                raise ServerError(
                    f"another PostgreSQL (process {lines[0]}) uses {self.folder}: stop it first"
                )
            os.kill(int(lines[0]), signal.SIGINT)
            time.sleep(0.2)

    def _lock_lines(self) -> list[str]:
        try:
            return (self.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _is_server(self, process: int) -> bool:
        """Return whether the process is alive and is the PostgreSQL server of this folder."""
        command = command_of(process)
        return "postgres" in command and str(self.folder) in command


def make_cluster(
    cluster: Cluster,
    binaries: Binaries,
    account: Account | None,
    user: str,
    password: str,
    *,
    sync: bool,
) -> None:
    """Run initdb in a temporary folder and move it into place, so that no partial cluster remains."""
    unfinished = cluster.home / "cluster.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    secret = cluster.home / "password"
    secret.write_text(password)
    secret.chmod(0o600)
    if account is not None:
        account.take_ownership(cluster.home)
    command = [
        binaries.program("initdb"),
        *("--pgdata", unfinished, "--username", user, "--pwfile", secret),
        *("--auth", "scram-sha-256", "--encoding", "UTF8"),
        *_locale(binaries.major),
        *(() if sync else ("--no-sync",)),
    ]
    made = subprocess.run(
        tethered(command, account=account),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd=cluster.home,
    )
    if made.returncode:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise ServerError("initdb failed: " + " / ".join(made.stdout.splitlines()[-3:]))
    unfinished.rename(cluster.folder)


def _locale(major: int) -> list[str]:
    """Return options for Unicode characters in byte order, which work the same on every machine."""
    if major >= BUILTIN_LOCALES_SINCE:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"] if sys.platform == "linux" else ["--no-locale"]
