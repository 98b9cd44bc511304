"""A real worker process with the configuration that we ship, and a real broker."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from celery import Celery

from sandbox.servers import PrivateBroker
from tests.support.compose import SERVICES
from tests.support.waiting import wait_until
from tests.support.web_server import ROOT, environment

PROBE = "tests.support.probe_tasks"
PROBE_TASK = "tests.probe"
PROGRAMS = Path(sys.executable).parent


def shipped_command(service: str) -> list[str]:
    """Return the Celery command of a service of compose, as a process of this machine, with the probe's application."""
    program, *arguments = SERVICES[service]["command"]
    assert program == "celery"
    changed = [PROBE if word == "workers" else word for word in arguments]
    return [sys.executable, "-m", "celery", *changed]


class CeleryWorker:
    """`with CeleryWorker(broker, folder) as worker: worker.send_probe()`: two processes for tasks."""

    def __init__(self, broker: PrivateBroker, folder: Path, *options: str, **changes: str) -> None:
        self.folder = folder
        self.variables = environment(
            BROKER_URL=broker.url, PROBE_FOLDER=str(folder), PATH=search_path(), **changes
        )
        self._options = options or ("--concurrency", "2")
        self._client = Celery(broker=broker.url, set_as_current=False)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with (self.folder / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*shipped_command("worker"), *self._options],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=self.variables,
            )
        wait_until(self._ready, 120)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self._client.close()

    def _ready(self) -> bool:
        assert self.running.poll() is None, self.log()
        return bool(self._client.control.ping(destination=[self.name], timeout=1.0))

    @property
    def name(self) -> str:
        return f"worker@{socket.gethostname()}"

    @property
    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    def log(self) -> str:
        return (self.folder / "worker.log").read_text(errors="replace")

    def kill(self) -> None:
        """Kill the worker and its processes at once, as a machine that dies."""
        if self.running.poll() is None:
            parent = psutil.Process(self.running.pid)
            for process in [parent, *parent.children(recursive=True)]:
                process.kill()
        self.running.wait(30)

    def terminate(self) -> None:
        """Ask it to end, as an update does."""
        self.running.send_signal(signal.SIGTERM)

    def send(self, task: str, **options: object) -> None:
        self._client.send_task(task, **options)

    def send_probe(self) -> int:
        """Start the probe; return the process that runs it."""
        before = set(self.marks("began"))
        self.send(PROBE_TASK)
        wait_until(lambda: set(self.marks("began")) - before, 60)
        [process] = set(self.marks("began")) - before
        return process

    def let_go(self) -> None:
        """Let every probe end."""
        (self.folder / "go").touch()

    def start_over(self) -> None:
        """Wait until every probe has ended, and remove all marks."""
        self.let_go()
        wait_until(lambda: not self.active(), 60)
        for path in [*self.folder.glob("*-*"), self.folder / "go"]:
            path.unlink()

    def active(self) -> list[object]:
        """Return the tasks that this worker has, running or ready."""
        found = self._client.control.inspect(destination=[self.name], timeout=5.0)
        return [
            *(found.active() or {self.name: [0]})[self.name],
            *(found.reserved() or {self.name: [0]})[self.name],
        ]

    def marks(self, kind: str) -> list[int]:
        """Return the processes that left marks of this kind."""
        return [int(path.name.rpartition("-")[2]) for path in self.folder.glob(f"{kind}-*")]


def search_path() -> str:
    return os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", os.defpath)])


def in_shell(command: str, variables: Mapping[str, str]) -> int:
    """Run a command of compose's with `sh`; return its exit code."""
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("$$", "$")],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=dict(variables),
        timeout=120,
    )
    return done.returncode
