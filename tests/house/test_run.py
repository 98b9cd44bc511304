"""`./dev run` from end to end: ready within a minute, keeps what it should, leaves no process."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.record import RunRecord, environment_of_run
from sandbox.servers import free_port
from sandbox.servers.account import unprivileged
from sandbox.servers.scratch import scratch_folder

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["Appeal", "Staff", "Outbox", "Stripe"]
# Variables of the machine that runs the tests must not decide what is simulated.
CONTRACT = ("DATABASE", "BROKER", "SECRET", "SITE", "STRIPE", "SMTP", "MAIL", "ORG", "TRUSTED")


class Run:
    """One `./dev run` in a folder, and every process that it started."""

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(CONTRACT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.run", "--data", folder, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=kept | environment,
        )
        self.descendants: list[psutil.Process] = []

    def addresses(self) -> dict[str, str]:
        """Return the printed lines, once there are four."""
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline() for _ in NAMES]
        if not lines[-1]:
            pytest.fail("".join(lines) + self.end()[1])
        self.descendants = psutil.Process(self.process.pid).children(recursive=True)
        return dict(line.rstrip("\n").split(": ", 1) for line in lines)

    def end(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Send the signal `number`; return exit code and stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors

    def left_running(self, within: float = 60.0) -> list[psutil.Process]:
        """Return processes that still run; a zombie does not count."""
        give_up = time.monotonic() + within
        while (alive := [each for each in self.descendants if runs(each)]) and (
            time.monotonic() < give_up
        ):
            time.sleep(0.05)
        return alive


def runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach, unlike pytest's own when run as root."""
    scratch = scratch_folder(unprivileged())
    yield scratch / "var"
    shutil.rmtree(scratch)


def answers(address: str) -> bool:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return bool(answer.status == 200)


def test_it_serves_survives_nothing_and_keeps_its_data(folder: Path) -> None:
    first = Run(folder, "--port", str(free_port()))
    addresses = first.addresses()
    assert list(addresses) == NAMES
    assert answers(addresses["Appeal"])
    assert answers(addresses["Outbox"])
    assert first.process.stdout is not None
    name, _, article = first.process.stdout.readline().strip().partition(": ")
    assert name == "Article"
    assert answers(article)
    environment = environment_of_run(folder)
    assert environment["DATABASE_URL"].startswith("postgresql://")
    assert environment["STRIPE_API_BASE"] == addresses["Stripe"].rstrip("/")

    first.process.kill()
    first.process.communicate()
    assert first.left_running() == []
    assert environment_of_run(folder) == {}

    second = Run(folder, "--port", str(free_port()))
    again = second.addresses()
    assert again["Outbox"] == addresses["Outbox"]
    assert environment_of_run(folder)["SECRET_KEY"] == environment["SECRET_KEY"]
    code, errors = second.end(signal.SIGINT)
    assert (code, "Traceback" in errors) == (0, False), errors
    assert second.left_running() == []


def test_a_process_that_dies_ends_the_run_and_is_quoted(folder: Path) -> None:
    run = Run(folder, "--port", "0", "--no-demo")
    run.addresses()
    [outbox] = [each for each in run.descendants if "sandbox.outbox" in each.cmdline()]
    outbox.kill()

    _, errors = run.process.communicate(timeout=60)

    assert run.process.returncode == 1
    assert "outbox exited unexpectedly" in errors
    assert run.left_running() == []


def test_a_port_in_use_is_one_line(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        _, errors = (run := Run(folder, "--port", str(port))).process.communicate(timeout=60)

    assert run.process.returncode == 1
    assert errors == (
        f"dev run: port {port} is in use: stop the program that uses it, or choose another port with --port\n"
    )


def test_a_folder_in_use_is_one_line(folder: Path) -> None:
    with RunRecord(folder):
        _, errors = (run := Run(folder, "--port", "0")).process.communicate(timeout=60)

    assert (run.process.returncode, errors.count("\n")) == (1, 1)
    assert "is already in use" in errors


def test_a_stripe_key_without_its_webhook_secret_is_refused(folder: Path) -> None:
    run = Run(folder, "--port", "0", STRIPE_SECRET_KEY="sk_test_mine")
    _, errors = run.process.communicate(timeout=60)

    assert run.process.returncode == 1
    assert "set STRIPE_WEBHOOK_SECRET too" in errors


def test_an_early_interrupt_leaves_nothing(folder: Path) -> None:
    run = Run(folder, "--port", "0")
    while not (folder / "logs" / "outbox.log").exists():
        time.sleep(0.01)
    run.descendants = psutil.Process(run.process.pid).children(recursive=True)

    code, errors = run.end(signal.SIGTERM)

    assert (code, errors) == (0, "stopping\n")
    assert run.left_running() == []
