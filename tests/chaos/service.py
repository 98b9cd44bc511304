"""A complete installation whose parts may all be killed or crashed."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import requests

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core.settings import load_settings
from campaign.migrations import upgrade
from campaign.runtime.context import Installation, make_installation
from sandbox.outbox import MailReceiver
from sandbox.servers import free_port
from sandbox.servers.scratch import scratch_folder
from sandbox.stand_ins import NEWSROOM, STRIPE_TEST_KEY
from sandbox.stripe import StripeSandbox
from tests.chaos.kill_orders import KillOrders
from tests.chaos.servers import CrashingBroker, CrashingPostgres
from tests.chaos.supervision import Supervisor

SLUG = "chaos"
READY_SECONDS = 180.0
EXTERNAL_SETTINGS = (
    "DATABASE",
    "BROKER",
    "SECRET",
    "SITE",
    "STRIPE",
    "SMTP",
    "MAIL",
    "ORG",
    "TRUSTED",
)
"""Prefixes of the caller's environment variables that must not reach this installation."""


@dataclass
class ServiceUnderTest:
    """All parts of one installation. `installation` is the harness's own connection to its database."""

    postgres: CrashingPostgres
    broker: CrashingBroker
    stripe: StripeSandbox
    mail: MailReceiver
    supervisor: Supervisor
    kill_orders: KillOrders
    installation: Installation
    address: str
    environment: dict[str, str]

    def progress(self) -> dict[str, object]:
        """Return the public progress."""
        answer = requests.get(f"{self.address}/c/{SLUG}/progress.json", timeout=60)
        answer.raise_for_status()
        found: dict[str, object] = answer.json()
        return found

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Query the database directly."""
        with psycopg.connect(self.postgres.url) as connection:
            return connection.execute(query, values).fetchall()

    def rows_with_retry(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Query the database, and retry while PostgreSQL restarts."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                return self.rows(query, *values)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


@contextmanager
def running_service() -> Iterator[ServiceUnderTest]:
    """Start everything; when the block ends, nothing is left."""
    folder = scratch_folder()
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (
        CrashingPostgres() as postgres,
        CrashingBroker() as broker,
        MailReceiver() as mail,
        StripeSandbox(webhook_url=f"{address}/stripe/webhook") as stripe,
    ):
        environment = _environment(folder, address) | {
            "DATABASE_URL": postgres.url,
            "BROKER_URL": broker.url,
            "SMTP_URL": mail.url,
            "STRIPE_API_BASE": stripe.url,
            "STRIPE_WEBHOOK_SECRET": stripe.webhook_secret,
        }
        installation = make_installation(load_settings(environment))
        upgrade(installation.settings.database_url)
        _open_campaign(installation)
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(EXTERNAL_SETTINGS)
        }
        with Supervisor(kept | environment, port, folder) as supervisor:
            service = ServiceUnderTest(
                *(postgres, broker, stripe, mail, supervisor, KillOrders(folder)),
                *(installation, address, kept | environment),
            )
            _wait_until_ready(service)
            yield service
        installation.engine.dispose()
    _remove(folder)


def _environment(folder: Path, address: str) -> dict[str, str]:
    return NEWSROOM | {
        "SECRET_KEY": "c" * 40,
        "SITE_URL": address,
        "STRIPE_SECRET_KEY": STRIPE_TEST_KEY,
        "CHAOS_ORDERS": str(folder),
        "PYTHONUNBUFFERED": "1",
    }


def _open_campaign(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        create_campaign(
            session,
            NewCampaign(
                slug=SLUG,
                title="Keep every story free to read",
                goal="1000000",
                deadline="2099-12-31",
                timezone="America/Los_Angeles",
                appeal="Tonight the commission votes.",
            ),
        )


def _wait_until_ready(service: ServiceUnderTest) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            service.progress()
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    log = service.supervisor.processes["web"].log.read_text(errors="replace")
    raise RuntimeError(f"the web server did not respond; its log:\n{log[-3000:]}")


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
