"""The whole service as a newcomer starts it: every process real, on free ports."""

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

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Running:
    """Addresses without a slash at their ends; `staff` is the sign-in link, which works once."""

    appeal: str
    outbox: str
    stripe: str
    staff: str = ""

    def mails(self) -> list[dict[str, str]]:
        """What arrived in the outbox viewer."""
        found: list[dict[str, str]] = requests.get(
            f"{self.outbox}/messages.json", timeout=30
        ).json()
        return found


@pytest.fixture(scope="package")
def running() -> Iterator[Running]:
    """`./dev run`, ready; stopped as by Ctrl-C. Where a Stripe is given, ours is behind it and sends its webhooks."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    with ExitStack() as stack:
        if GIVEN_STRIPE:
            hook = f"http://127.0.0.1:{port}/stripe/webhook"
            sandbox = StripeSandbox(port=SANDBOX_PORT, webhook_url=hook)
            environment["STRIPE_WEBHOOK_SECRET"] = stack.enter_context(sandbox).webhook_secret
        yield from _run(port, environment)


def _run(port: int, environment: dict[str, str]) -> Iterator[Running]:
    folder = scratch_folder(unprivileged())
    command = [sys.executable, "-m", "sandbox.run", "--port", str(port), "--data", str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        yield _addresses(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=40) == 0
    shutil.rmtree(folder)


def _addresses(process: subprocess.Popen[str]) -> Running:
    told: dict[str, str] = {}
    assert process.stdout is not None
    for line in process.stdout:
        name, found, address = line.strip().partition(": ")
        if found:
            told[name] = address.rstrip("/")
        if name == "Stripe":
            return Running(told["Appeal"], told["Outbox"], told["Stripe"], told["Staff"])
    raise AssertionError(f"the service ended with {process.wait()} after telling {told}")
