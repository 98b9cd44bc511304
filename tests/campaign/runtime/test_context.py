"""An installation: made from its settings, and no more of it than is asked for."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from campaign.core.errors import ConfigurationError, MailDelayed
from campaign.core.settings import Settings, SmtpAddress
from campaign.runtime.context import Installation, make_installation
from sandbox.outbox.receiver import MailReceiver


def test_sessions_speak_to_the_database_of_the_settings(
    installation: Installation, database_url: str
) -> None:
    with installation.sessions() as session:
        name = session.scalar(text("SELECT current_database()"))
    assert database_url.endswith(f"/{name}")


def test_the_gateway_is_made_once_and_only_when_it_is_asked_for(settings: Settings) -> None:
    made = []
    here = replace(make_installation(settings), make_gateway=lambda: made.append(1) or object())  # type: ignore[arg-type, func-returns-value]
    assert made == []
    assert here.gateway is here.gateway
    assert made == [1]
    here.engine.dispose()


def test_what_is_booked_carries_the_organization_and_the_senders_domain(
    installation: Installation,
) -> None:
    assert installation.books.organization == installation.settings.organization
    assert installation.books.mail_domain == "harbor-ledger.example"


def test_a_path_becomes_a_public_address(settings: Settings) -> None:
    here = make_installation(replace(settings, site_url="https://give.example.org"))
    assert here.address("/receipts/abc") == "https://give.example.org/receipts/abc"
    here.engine.dispose()


def test_a_transport_speaks_to_the_mail_server_of_the_settings(
    mailing: Installation, mailbox: MailReceiver
) -> None:
    message = b"Subject: test\r\n\r\ntext\r\n"
    with mailing.transport() as transport:
        transport.send("ana@example.org", message)
    [received] = mailbox.wait_for(1)
    assert received.recipients == ("ana@example.org",)


def test_no_mail_server_is_told_when_the_first_message_goes_out(installation: Installation) -> None:
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
