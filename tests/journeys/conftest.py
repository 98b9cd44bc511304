"""The whole service as a newcomer starts it: every process real, on free ports."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from stripe import StripeClient

from sandbox.servers import free_port
from sandbox.servers.account import unprivileged
from sandbox.servers.scratch import scratch_folder
from sandbox.stripe import StripeSandbox
from tests.conftest import GIVEN_STRIPE

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Running:
    """Addresses without a slash at their ends."""

    appeal: str
    outbox: str
    stripe: str

    def mails(self) -> list[dict[str, str]]:
        """What arrived in the outbox viewer."""
        found: list[dict[str, str]] = requests.get(f"{self.outbox}/messages.json", timeout=5).json()
        return found


@pytest.fixture(scope="session")
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    """`./dev run`, ready; stopped as by Ctrl-C."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    if GIVEN_STRIPE:
        account: StripeSandbox = request.getfixturevalue("stripe_account")
        environment["STRIPE_WEBHOOK_SECRET"] = _webhook(account, port)
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
            return Running(told["Appeal"], told["Outbox"], told["Stripe"])
    raise AssertionError(f"the service ended with {process.wait()} after telling {told}")


def _webhook(account: StripeSandbox, port: int) -> str:
    """Register the service with a sandbox that was there before it; the endpoint's secret."""
    client = StripeClient("sk_test_journey", base_addresses={"api": account.url})
    endpoint = client.v1.webhook_endpoints.create(
        {"url": f"http://127.0.0.1:{port}/stripe/webhook", "enabled_events": ["*"]}
    )
    return str(endpoint.secret)
