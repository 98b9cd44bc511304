"""Mail servers with encryption and a password."""

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaign.core.errors import MailDelayed
from campaign.core.settings import SmtpAddress
from campaign.mailer.transport import Transport
from sandbox.outbox.receiver import MailReceiver
from tests.support.programs import program

MESSAGE = b"Subject: Test\r\n\r\nOne line.\r\n"

pytestmark = pytest.mark.needs_program("openssl")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 in one file."""
    folder = tmp_path_factory.mktemp("tls")
    key, found, both = folder / "key.pem", folder / "found.pem", folder / "both.pem"
    command = f"req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {key} -out {found}"
    more = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([program("openssl"), *command.split(), *more], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + found.read_bytes())
    return both


@pytest.fixture
def server(certificate: Path) -> Iterator[MailReceiver]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with MailReceiver(credentials=("press", "right"), starttls=context) as receiver:
        yield receiver


def send(server: MailReceiver, password: str = "right", security: str = "starttls") -> None:
    address = SmtpAddress("127.0.0.1", server.port, security, "press", password)
    with Transport(address, "news@harbor-ledger.example") as transport:
        transport.send("ana@example.org", MESSAGE)
        transport.send("añá@example.org", MESSAGE)


def test_it_encrypts_signs_in_and_knows_afterwards_what_the_server_offers(
    server: MailReceiver, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    send(server)
    assert len(server.wait_for(2)) == 2


def test_an_untrusted_certificate_is_rejected(server: MailReceiver) -> None:
    with pytest.raises(MailDelayed, match="certificate"):
        send(server)
    assert server.messages == []


def test_a_wrong_password_waits_to_be_mended(
    server: MailReceiver, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(MailDelayed, match="535"):
        send(server, password="wrong")


def test_a_server_that_cannot_encrypt_gets_no_password() -> None:
    with MailReceiver() as plain, pytest.raises(MailDelayed, match="STARTTLS"):
        send(plain)
    assert plain.messages == []
