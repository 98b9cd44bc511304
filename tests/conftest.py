"""Fixtures for every test. PostgreSQL, HTTP and SMTP are real; Stripe is the sandbox over real HTTP.

Each test has a migrated database without rows to itself.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy.orm import Session

from campaign import create_app
from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core.database import make_sessions
from campaign.core.settings import FromAddress, Organization, Settings, SmtpAddress
from campaign.models import Campaign
from campaign.runtime.context import Installation, make_installation
from sandbox.outbox.receiver import MailReceiver
from sandbox.stripe import StripeSandbox

if TYPE_CHECKING:
    from tests.support.reused_database import (
        EmptiedDatabase,
    )  # pytest loads it, to rewrite its assertions

WEBHOOK_SECRET = "whsec_for_tests"
GIVEN_STRIPE = os.environ.get("STRIPE_API_BASE", "")
# A known port if STRIPE_API_BASE is a proxy in front of the sandbox, otherwise a free one.
SANDBOX_PORT = int(os.environ.get("SANDBOX_STRIPE_PORT", "8420")) if GIVEN_STRIPE else 0
UNREACHABLE = "http://127.0.0.1:9"

# Log lines would hide a failure, and tests check rows instead.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

# A busy machine is no fault.
hypothesis_settings.register_profile(
    "tests", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("tests")

pytest_plugins = [
    "tests.support.databases",
    "tests.support.reused_database",
    "tests.support.shared_server",
    "tests.support.shared_compilation",
    "tests.support.programs",
    "tests.support.quick_collector",
    "tests.support.random_order",
    "tests.support.worker_crashes",
    "tests.support.browser",
    "tests.support.stripe",
    "tests.support.stripe_referee",
    "tests.support.reconciliation",
    "tests.support.stripe_cases",
    "tests.support.staff",
    "tests.support.offline_gifts",
    "tests.support.email_contexts",
    "tests.support.api_tokens",
    "tests.support.monthly_gifts",
]


@pytest.fixture
def stripe() -> Iterator[StripeSandbox]:
    """An empty Stripe account, over HTTP."""
    with StripeSandbox(port=SANDBOX_PORT) as sandbox:
        yield sandbox


@pytest.fixture
def stripe_api_base() -> str:
    """An unreachable address. A module whose tests need Stripe overrides this with `sandbox_address`."""
    return UNREACHABLE


def sandbox_address(stripe: StripeSandbox) -> str:
    """Return the address of the sandbox: STRIPE_API_BASE if it is set."""
    return GIVEN_STRIPE or stripe.url


@pytest.fixture
def settings(database_url: str, stripe_api_base: str) -> Settings:
    """Settings without a broker and a mail server. Tests that need one replace these."""
    return Settings(
        database_url=database_url.replace("postgresql://", "postgresql+psycopg://", 1),
        broker_url=None,
        secret_key="s" * 40,
        site_url="http://localhost",
        stripe_secret_key="sk_test_sandbox",
        stripe_webhook_secrets=(WEBHOOK_SECRET,),
        stripe_api_base=stripe_api_base,
        smtp=SmtpAddress("127.0.0.1", 9),
        mail_from=FromAddress("The Harbor Ledger", "receipts@harbor-ledger.example"),
        organization=Organization(
            name="The Harbor Ledger",
            ein="12-3456789",
            address_lines=("1 Wharf Street", "Astoria, OR 97103"),
            timezone="America/Los_Angeles",
            email="receipts@harbor-ledger.example",
        ),
        card_fee_rate=Decimal("0.029"),
        card_fee_fixed=30,
    )


@pytest.fixture
def installation(settings: Settings, database: "EmptiedDatabase") -> Installation:
    """The installation of this test. Its engine keeps its connection and its compiled statements for the next one."""
    engine = database.engine.execution_options()
    return replace(make_installation(settings), engine=engine, sessions=make_sessions(engine))


@pytest.fixture
def session(installation: Installation) -> Iterator[Session]:
    """A database session. Its changes are rolled back unless the test commits."""
    with installation.sessions() as opened:
        yield opened


@pytest.fixture
def app(installation: Installation) -> Iterator[Flask]:
    made = create_app(installation)
    yield made
    made.extensions["live"].close()
    made.extensions["visits"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def mailbox() -> Iterator[MailReceiver]:
    """A real mail server that receives emails."""
    with MailReceiver() as receiver:
        yield receiver


@pytest.fixture
def mailing(installation: Installation, mailbox: MailReceiver) -> Installation:
    """The installation, with that mail server."""
    address = SmtpAddress("127.0.0.1", mailbox.port)
    return replace(installation, settings=replace(installation.settings, smtp=address))


@pytest.fixture
def campaign(installation: Installation) -> Campaign:
    """An open campaign of $50,000 in Los Angeles."""
    with installation.sessions.begin() as session:
        return create_campaign(
            session,
            NewCampaign(
                slug="nine-days",
                title="Keep every story free to read",
                goal="50000",
                deadline="2099-12-31",
                timezone="America/Los_Angeles",
                appeal="Tonight the **commission** votes.",
            ),
        )
