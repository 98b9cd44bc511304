"""An installation is built from its settings, and creates its parts only when used."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from campaign.core.errors import ConfigurationError, MailDelayed
from campaign.core.settings import Settings, SmtpAddress
from campaign.runtime.context import Installation, make_installation
from sandbox.outbox.receiver import MailReceiver


def test_sessions_use_the_database_in_the_settings(
    installation: Installation, database_url: str
) -> None:
    with installation.sessions() as session:
        name = session.scalar(text("SELECT current_database()"))
    assert database_url.endswith(f"/{name}")


def test_the_gateway_is_created_once_on_first_use(settings: Settings) -> None:
    made = []
    here = replace(make_installation(settings), make_gateway=lambda: made.append(1) or object())  # type: ignore[func-returns-value, return-value]
    assert made == []
    assert here.gateway is here.gateway
    assert made == [1]
    here.engine.dispose()


def test_the_booking_context_has_the_organization_and_the_senders_domain(
    installation: Installation,
) -> None:
    assert installation.books.organization == installation.settings.organization
    assert installation.books.mail_domain == "harbor-ledger.example"


def test_a_path_becomes_a_public_url(settings: Settings) -> None:
    here = make_installation(replace(settings, site_url="https://give.example.org"))
    assert here.address("/receipts/abc") == "https://give.example.org/receipts/abc"
    here.engine.dispose()


def test_a_transport_uses_the_mail_server_in_the_settings(
    mailing: Installation, mailbox: MailReceiver
) -> None:
    message = b"Subject: test\r\n\r\ntext\r\n"
    with mailing.transport() as transport:
        transport.send("ana@example.org", message)
    [received] = mailbox.wait_for(1)
    assert received.recipients == ("ana@example.org",)


def test_an_unreachable_mail_server_is_reported_on_the_first_message(
    installation: Installation,
) -> None:
    address = SmtpAddress("127.0.0.1", 9)
    here = replace(installation, settings=replace(installation.settings, smtp=address))
    with pytest.raises(MailDelayed), here.transport() as transport:
        transport.send("ana@example.org", b"Subject: test\r\n\r\ntext\r\n")


def test_without_settings_the_environment_is_read_and_every_fault_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DATABASE_URL", "SECRET_KEY", "SITE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError, match=r"(?s)SITE_URL.*SECRET_KEY"):
        make_installation(broker=False)
