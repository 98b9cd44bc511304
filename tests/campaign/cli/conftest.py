"""The console script as users run it: a process, an environment, an exit status."""

import atexit
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from campaign.core.settings import Settings
from tests.conftest import WEBHOOK_SECRET
from tests.support.databases import Databases
from tests.support.warm_cli import WarmProgram

PROGRAM = [sys.executable, "-c", "from campaign.cli import main; main()"]
ROOT = Path(__file__).resolve().parents[3]
CREATE = (
    *("create", "spring", "--title", "A spring of stories", "--goal", "50000"),
    *("--deadline", "2099-12-31", "--timezone", "America/Los_Angeles"),
)


@dataclass(frozen=True)
class Ended:
    """The result of a command."""

    status: int
    out: str
    errors: list[str]


Run = Callable[..., Ended]


@cache
def _program() -> WarmProgram:
    program = WarmProgram().__enter__()
    atexit.register(program.__exit__)
    return program


def run_with(environ: dict[str, str], *arguments: str) -> Ended:
    """Run a command with only `environ` and the basic variables in its environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    status, out, errors = _program().run(kept | environ, *arguments)
    return Ended(status, out, errors.splitlines())


@pytest.fixture
def environ(settings: Settings) -> dict[str, str]:
    """Everything a command needs, without BROKER_URL."""
    return {
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key,
        "SITE_URL": settings.site_url,
        "STRIPE_SECRET_KEY": settings.stripe_secret_key,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "STRIPE_API_BASE": settings.stripe_api_base,
        "SMTP_URL": "smtp://127.0.0.1:9",
        "MAIL_FROM": "The Harbor Ledger <receipts@harbor-ledger.example>",
        "ORG_NAME": "The Harbor Ledger",
        "ORG_EIN": "12-3456789",
        "ORG_ADDRESS": "1 Wharf Street|Astoria, OR 97103",
        "ORG_TIMEZONE": "America/Los_Angeles",
    }


@pytest.fixture
def run(environ: dict[str, str]) -> Run:
    """Run a command of the script with this environment."""
    return lambda *arguments, **changes: run_with(environ | changes, *arguments)


@pytest.fixture
def target(databases: Databases, template: str) -> Iterator[str]:
    """A migrated, empty database to restore into."""
    name = databases.create(template)
    yield databases.address(name)
    databases.drop(name)


@pytest.fixture
def bare(databases: Databases) -> Iterator[str]:
    """A database without tables."""
    name = databases.create()
    yield databases.address(name)
    databases.drop(name)
