"""A mail server that runs in its own view of the file system, with a port for each kind of refusal."""

import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from sandbox.servers.ports import LOOPBACK, free_port
from sandbox.servers.process import start, stop
from sandbox.start_stop import StartStopContext
from tests.relays.packages import unpacked

OURS = "harbor-ledger.example"
"""The domain of which the server knows the mailboxes."""
KNOWN = ("news", "ana")
FIRST_ID = 20_100
"""Of the users and groups that the packages would create."""


class Relay(StartStopContext):
    """`ports` has a port for each refusal by name, and `accepts` for the one that takes everything."""

    name = ""
    users: Sequence[str] = ()
    ports_of: Sequence[str] = ()

    def __init__(self, folder: Path, certificates: Mapping[str, Path]) -> None:
        self.folder = folder
        self.certificates = certificates
        self.ports = {name: free_port() for name in self.ports_of}
        self._process: subprocess.Popen[bytes] | None = None

    def id_of(self, user: str) -> int:
        return FIRST_ID + self.users.index(user)

    def configure(self) -> str:
        """Write the configuration and return the shell command that runs the server in the foreground."""
        raise NotImplementedError

    def start(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write_accounts()
        script = self.folder / "run.sh"
        script.write_text("\n".join([*self._view(), f"exec {self.configure()}", ""]))
        with (self.folder / "output").open("wb") as output:
            command = ["unshare", "--mount", "--propagation", "private", "sh", "-e", str(script)]
            self._process = start(command, output=output)
        for port in self.ports.values():
            self._wait_for(port)
        return self

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, timeout=5)

    def _write_accounts(self) -> None:
        for kind, shape in (
            ("passwd", "{}:x:{}:{}::/nonexistent:/bin/false"),
            ("group", "{}:x:{}:"),
        ):
            more = [shape.format(user, self.id_of(user), self.id_of(user)) for user in self.users]
            (self.folder / kind).write_text(Path("/etc", kind).read_text() + "\n".join(more) + "\n")

    def _view(self) -> list[str]:
        """Return commands that put the packages over /usr and an empty folder over /var, for this process only."""
        layers = ":".join([*(str(one / "usr") for one in unpacked(self.name)), "/usr"])
        return [
            f"mount -t overlay -o lowerdir={layers} none /usr",
            "mount -t tmpfs none /var",
            "mkdir -p /var/spool /var/run /var/mail /var/log /var/lib /var/tmp",
            *(f"mount --bind {self.folder / kind} /etc/{kind}" for kind in ("passwd", "group")),
        ]

    def _wait_for(self, port: int, patience: float = 30.0) -> None:
        until = time.monotonic() + patience
        while True:
            try:
                socket.create_connection((LOOPBACK, port), 1).close()
            except OSError:
                over = self._process is None or self._process.poll() is not None
                if over or time.monotonic() > until:
                    said = (self.folder / "output").read_text(errors="replace")
                    raise RuntimeError(f"{self.name} does not listen on {port}:\n{said}") from None
                time.sleep(0.1)
            else:
                return
