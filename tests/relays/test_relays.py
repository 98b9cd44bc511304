"""Each refusal by a real Postfix, Exim and OpenSMTPD: nobody is suppressed, and everything is sent in the end.

With RELAYS_TABLE=FILE a line for each is added to that file.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from campaign.core import clock
from campaign.core.settings import SmtpAddress
from campaign.emails.delivery import deliver_due
from campaign.mailer import circuit_breaker
from campaign.mailer.preflight import PreflightFinding, Verdict, findings
from campaign.models import Campaign, MailOutage, OutboxMessage, Suppression
from campaign.runtime.context import Installation
from tests.relays.exim import Exim
from tests.relays.opensmtpd import OpenSmtpd
from tests.relays.packages import SERVERS, missing
from tests.relays.postfix import Postfix
from tests.relays.refusals import REFUSALS, Outcome, ServerRefusal
from tests.relays.relay import Relay
from tests.support.campaign_emails import make_due, messages, queue_appeals, readers
from tests.support.certificates import make_certificates
from tests.support.stripe import Facts

pytestmark = pytest.mark.skipif(
    all(missing(server) for server in SERVERS), reason="; ".join(map(missing, SERVERS))
)
KINDS: Mapping[str, type[Relay]] = {"postfix": Postfix, "exim": Exim, "opensmtpd": OpenSmtpd}
READERS = readers(5)

Using = Callable[..., Installation]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def relays(
    tmp_path_factory: pytest.TempPathFactory, certificates: Mapping[str, Path]
) -> Iterator[Callable[[str], Relay]]:
    """Return a server by name, started when it is first needed."""
    running: dict[str, Relay] = {}
    with ExitStack() as stack:

        def get(name: str) -> Relay:
            if why := missing(name):
                pytest.skip(why)
            if name not in running:
                folder = tmp_path_factory.mktemp(name)
                running[name] = stack.enter_context(KINDS[name](folder, certificates))
            return running[name]

        yield get


@pytest.fixture
def using(installation: Installation, relays: Callable[[str], Relay]) -> Using:
    """Return the installation with one of a server's ports as its mail server."""

    def use(server: str, port: str, security: str = "plain", password: str = "") -> Installation:
        user = "us" if password else None
        address = SmtpAddress("127.0.0.1", relays(server).ports[port], security, user, password)
        mail = replace(installation.settings.mail, connections=1)
        settings = replace(installation.settings, smtp=address, mail=mail)
        return replace(installation, settings=settings)

    return use


def suppressed(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list(session.scalars(select(Suppression.email)))


def outages(installation: Installation) -> list[MailOutage]:
    with installation.sessions() as session:
        return list(circuit_breaker.open_outages(session))


def deliver_again(installation: Installation) -> None:
    make_due(installation)
    with installation.sessions.begin() as session:
        circuit_breaker.try_now(session, clock.now())
    deliver_due(installation)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda one: f"{one.server}: {one.name}")
def test_a_refusal_suppresses_nobody_and_everything_is_sent_once_it_is_over(
    using: Using, campaign: Campaign, refusal: ServerRefusal
) -> None:
    refusing = using(refusal.server, refusal.name)
    queue_appeals(refusing, campaign, *READERS)
    deliver_due(refusing)
    found = outages(refusing)
    note(refusal, messages(refusing), found)
    assert suppressed(refusing) == []
    assert [one.cause for one in found] == ([refusal.cause] if refusal.cause else [])
    expect(refusal.outcome, messages(refusing))
    for _ in range(2):  # the first is the try that ends the stop
        deliver_again(using(refusal.server, "accepts"))
    assert {row.state for row in messages(refusing)} == {"sent"}
    assert outages(refusing) == []


def expect(outcome: Outcome, rows: list[OutboxMessage]) -> None:
    """Everything is sent, or nothing is and not more readers are tried than it takes to stop."""
    assert {row.state for row in rows} <= {"sent", "queued"}
    tried = sum(row.attempts > 0 for row in rows)
    if outcome is Outcome.sent:
        assert {row.state for row in rows} == {"sent"}
    elif outcome is Outcome.stopped:
        assert tried <= circuit_breaker.READERS_IN_A_ROW + 1


def note(refusal: ServerRefusal, rows: list[OutboxMessage], found: list[MailOutage]) -> None:
    said = next((row.last_error for row in rows if row.last_error), "")
    if table := os.environ.get("RELAYS_TABLE"):
        words = " ".join(said.partition(": ")[2].split()) or "(nothing left to say)"
        if found:
            words = found[0].words
        line = f"| {refusal.server} | {refusal.name} | {words} | {refusal.outcome} |\n"
        with Path(table).open("a") as file:
            file.write(line)


@pytest.mark.parametrize(
    ("server", "words"),
    [("postfix", "User unknown in local recipient table"), ("exim", "Unrouteable address")],
)
def test_one_unknown_user_among_others_is_suppressed(
    using: Using, campaign: Campaign, server: str, words: str
) -> None:
    accepting = using(server, "accepts")
    unknown = "zoe@harbor-ledger.example"
    queue_appeals(accepting, campaign, READERS[0], unknown, "ana@harbor-ledger.example")
    deliver_due(accepting)
    assert [row.state for row in messages(accepting)] == ["sent", "failed", "sent"]
    assert words in (messages(accepting)[1].last_error or "")
    assert suppressed(accepting) == [unknown]


@pytest.mark.parametrize(
    ("server", "port"),
    [
        ("postfix", "size"),
        ("postfix", "size unannounced"),
        ("exim", "size"),
        ("opensmtpd", "accepts"),
    ],
)
def test_a_receipt_that_is_too_large_arrives_without_its_pdf(
    using: Using, paid: Facts, monkeypatch: pytest.MonkeyPatch, server: str, port: str
) -> None:
    monkeypatch.setattr(
        "campaign.emails.attachments.receipt_pdf", lambda _: b"%PDF-" + b"x" * 40_000
    )
    small = using(server, port)
    deliver_due(small)
    [row] = messages(small)
    assert (row.state, row.attempts) == ("sent", 1)


@pytest.mark.parametrize(
    ("port", "words"),
    [
        ("expired", "it has expired"),
        ("self-signed", "it is self-signed"),
        ("wrong name", "it is for another IP address"),
    ],
)
def test_a_certificate_that_fails_stops_at_once_and_is_named(
    using: Using,
    campaign: Campaign,
    certificates: Mapping[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    port: str,
    words: str,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates["trusted"]))
    failing = using("postfix", port, "starttls")
    assert any(words in one.words for one in wrong(failing))
    queue_appeals(failing, campaign, *READERS)
    deliver_due(failing)
    assert [one.cause for one in outages(failing)] == ["tls"]
    assert {row.begun_at for row in messages(failing)} == {None}
    deliver_again(using("postfix", "accepts", "starttls"))
    assert {row.state for row in messages(failing)} == {"sent"}


def test_a_wrong_password_stops_at_once_and_the_right_one_sends(
    using: Using, campaign: Campaign
) -> None:
    failing = using("exim", "sign-in", password="wrong")
    assert any("535" in one.words and "SMTP_URL" in one.words for one in wrong(failing))
    queue_appeals(failing, campaign, *READERS)
    deliver_due(failing)
    [outage] = outages(failing)
    assert (outage.cause, outage.readers) == ("authentication", 0)
    assert outage.words == "535 Incorrect authentication data"
    assert {row.begun_at for row in messages(failing)} == {None}
    right = using("exim", "sign-in", password="right")
    assert wrong(right) == []
    deliver_again(right)
    assert {row.state for row in messages(right)} == {"sent"}


def wrong(installation: Installation) -> list[PreflightFinding]:
    found = findings(installation.settings, clock.now(), "reader@example.org")
    return [one for one in found if one.verdict is Verdict.wrong and "mail server" in one.words]


@pytest.mark.parametrize("server", SERVERS)
def test_the_check_says_what_the_server_says(using: Using, server: str) -> None:
    assert wrong(using(server, "accepts")) == []
    assert any("mail host" in one.words for one in wrong(using(server, "relay")))
