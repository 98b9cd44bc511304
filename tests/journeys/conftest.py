"""The whole service as a new developer starts it, with real processes on free ports."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from sandbox.servers import free_port
from sandbox.servers.account import unprivileged
from sandbox.servers.scratch import scratch_folder
from sandbox.stripe import StripeSandbox
from tests.conftest import GIVEN_STRIPE, SANDBOX_PORT
from tests.support.stripe_referee import Watch

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Running:
    """Addresses without a final slash. `staff` is the sign-in link, which works once."""

    appeal: str
    outbox: str
    stripe: str
    staff: str = ""

    def emails(self) -> list[dict[str, str]]:
        """Return the emails in the outbox viewer."""
        found: list[dict[str, str]] = requests.get(
            f"{self.outbox}/messages.json", timeout=60
        ).json()
        return found


@pytest.fixture(scope="package")
def running(stripe_watched: Watch | None) -> Iterator[Running]:
    """Run `./dev run`, and stop it like Ctrl-C. With STRIPE_API_BASE, our sandbox runs behind that proxy.

    Where Stripe's types are at hand, the sandbox runs in this process, to be watched.
    """
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    with ExitStack() as stack:
        if GIVEN_STRIPE or stripe_watched:
            hook = f"http://127.0.0.1:{port}/stripe/webhook"
            sandbox = stack.enter_context(StripeSandbox(port=SANDBOX_PORT, webhook_url=hook))
            environment["STRIPE_WEBHOOK_SECRET"] = sandbox.webhook_secret
            environment["STRIPE_API_BASE"] = GIVEN_STRIPE or sandbox.url
        yield from _run(port, environment)


def _run(port: int, environment: dict[str, str]) -> Iterator[Running]:
    folder = scratch_folder(unprivileged())
    command = [sys.executable, "-m", "sandbox.run", "--port", str(port), "--data", str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        yield _addresses(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0
    shutil.rmtree(folder)


def _addresses(process: subprocess.Popen[str]) -> Running:
    printed: dict[str, str] = {}
    assert process.stdout is not None
    for line in process.stdout:
        name, found, address = line.strip().partition(": ")
        if found:
            printed[name] = address.rstrip("/")
        if name == "Stripe":
            return Running(
                printed["Appeal"], printed["Outbox"], printed["Stripe"], printed["Staff"]
            )
    raise AssertionError(f"the service exited with {process.wait()} after printing {printed}")
