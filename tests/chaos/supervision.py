"""The service's processes, restarted as soon as they die, as systemd or Docker does."""

import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from sandbox.servers.process import TETHER, kill_group, start, stop
from sandbox.start_stop import StartStopContext

ROOT = Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.05
STOP_SECONDS = 30.0


@dataclass
class SupervisedProcess:
    """One process: its command, and how often it was started."""

    role: str
    command: Sequence[str]
    log: Path
    starts: int = 0
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def begin(self, environment: Mapping[str, str]) -> None:
        if self.process is not None:
            kill_group(self.process)  # a master that died leaves its workers
            self.process.wait()
        with self.log.open("ab") as log:
            self.process = start(self.command, output=log, environment=environment, directory=ROOT)
        self.starts += 1

    def live_processes(self) -> list[psutil.Process]:
        """Return every live process of it, the master first."""
        if self.ended():
            return []
        assert self.process is not None
        try:
            master = psutil.Process(self.process.pid)
            return [each for each in (master, *master.children(recursive=True)) if _serves(each)]
        except psutil.NoSuchProcess:
            return []


def _serves(process: psutil.Process) -> bool:
    """Return whether the process is alive and is not just the watcher that kills a victim when we die."""
    try:
        return str(TETHER) not in process.cmdline()
    except psutil.NoSuchProcess:
        return False


class Supervisor(StartStopContext):
    """Keep the web server, the workers and the scheduler running until the block ends."""

    def __init__(self, environment: Mapping[str, str], port: int, logs: Path) -> None:
        self._environment = environment
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._keep, name="supervisor", daemon=True)
        victim = (sys.executable, "-m", "tests.chaos.victim")
        quiet = ("--loglevel", "WARNING")
        worker = ("--concurrency", "2", "--without-mingle", "--without-gossip", "--pool", "prefork")
        web = ("-c", "gunicorn.conf.py", "--bind", f"127.0.0.1:{port}", "--workers", "2")
        schedule = ("--schedule", str(logs / "schedule"), "--pidfile", "")
        commands = {
            "web": (*victim, "web", *web),
            "worker": (*victim, "worker", "worker", "--hostname", f"w{port}@localhost", *worker),
            "beat": (*victim, "beat", "beat", *schedule, "--max-interval", "1"),
        }
        self.processes = {
            role: SupervisedProcess(
                role, command if role == "web" else (*command, *quiet), logs / f"{role}.log"
            )
            for role, command in commands.items()
        }

    def start(self) -> "Supervisor":
        for supervised in self.processes.values():
            supervised.begin(self._environment)
        self._watch.start()
        return self

    def stop(self) -> None:
        self._ended.set()
        self._watch.join()
        for supervised in self.processes.values():
            if supervised.process is not None:
                stop(supervised.process, signal.SIGTERM, timeout=STOP_SECONDS)

    def live_processes(self) -> list[tuple[str, psutil.Process]]:
        """Return every live process of the service with its role."""
        return [(k.role, each) for k in self.processes.values() for each in k.live_processes()]

    def restarts(self) -> int:
        return sum(supervised.starts - 1 for supervised in self.processes.values())

    def _keep(self) -> None:
        while not self._ended.wait(POLL_SECONDS):
            for supervised in self.processes.values():
                if supervised.ended():
                    supervised.begin(self._environment)
