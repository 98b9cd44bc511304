"""The web server as in production, with one gunicorn worker and a private PostgreSQL, and the bare application."""

import logging
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from campaign.core.observability import observe
from campaign.migrations import upgrade
from campaign.runtime.context import Installation, make_installation
from sandbox.demonstration import seed
from sandbox.servers import PrivateBroker, PrivatePostgres, free_port

ROOT = Path(__file__).resolve().parents[1]
SECRET = "whsec_bench"  # noqa: S105 - made up


@dataclass(frozen=True)
class Serving:
    """The ports of both servers and the installation."""

    port: int
    bare_port: int
    installation: Installation


def environment(database_url: str, broker_url: str) -> dict[str, str]:
    """Return settings like those of `./dev run`; Stripe and SMTP are unreachable."""
    return {
        "DATABASE_URL": database_url,
        "BROKER_URL": broker_url,
        "SECRET_KEY": "b" * 40,
        "SITE_URL": "http://127.0.0.1",
        "STRIPE_SECRET_KEY": "sk_test_bench",
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "SMTP_URL": "smtp://127.0.0.1:9",
        "MAIL_FROM": "The Harbor Ledger <giving@harborledger.example>",
        "ORG_NAME": "The Harbor Ledger",
        "ORG_EIN": "12-3456789",
        "ORG_ADDRESS": "214 Wharf Street|Astoria, OR 97103",
        "ORG_TIMEZONE": "America/Los_Angeles",
    }


@contextmanager
def fresh_installation() -> Iterator[Installation]:
    """Yield a migrated installation with the demonstration campaign, and set this process's environment for it."""
    with PrivatePostgres(durable=True) as postgres, installation_on(postgres) as installation:
        yield installation


@contextmanager
def installation_on(postgres: PrivatePostgres) -> Iterator[Installation]:
    """Yield the same on a running server; existing data stays."""
    with PrivateBroker() as broker:
        upgrade(postgres.url.replace("postgresql://", "postgresql+psycopg://", 1))
        os.environ.update(environment(postgres.url, broker.url))
        installation = make_installation()
        observe(installation.settings, "bench")
        logging.disable(logging.WARNING)
        seed(installation)
        yield installation
        installation.engine.dispose()


@contextmanager
def serving() -> Iterator[Serving]:
    """Start both servers and yield once they answer."""
    with fresh_installation() as installation:
        port, bare_port = free_port(), free_port()
        with (
            _gunicorn(port, "campaign:create_app()"),
            _gunicorn(bare_port, "bench.bare:application"),
        ):
            yield Serving(port, bare_port, installation)


@contextmanager
def _gunicorn(port: int, application: str) -> Iterator[None]:
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--workers", "1"]
    with subprocess.Popen(  # noqa: S603 - our own server
        [*command, "--bind", f"127.0.0.1:{port}", "--log-level", "error", application],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _await(port)
            yield
        finally:
            process.terminate()


def _await(port: int) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"no server answers on port {port}")
