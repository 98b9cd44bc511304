"""Each fault that `campaign mail check` finds."""

import ssl
from pathlib import Path

import pytest

from campaign.core import clock
from campaign.core.settings import load_settings
from campaign.mailer.preflight import TOKEN, Verdict, findings, records
from sandbox.outbox.receiver import MailReceiver
from tests.support.certificates import (
    EXPIRED,
    SELF_SIGNED,
    WRONG_NAME,
    make_certificates,
)
from tests.support.certificates import (
    FINE as GOOD,
)

FINE = {
    "DATABASE_URL": "postgresql://127.0.0.1/nowhere",
    "SECRET_KEY": "s" * 40,
    "SITE_URL": "https://give.harbor-ledger.example",
    "STRIPE_SECRET_KEY": "sk_test_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
    "SMTP_URL": "smtp://127.0.0.1:9",
    "MAIL_FROM": "The Harbor Ledger <news@harbor-ledger.example>",
    "MAIL_BOUNCES": "bounces@mail.harbor-ledger.example",
    "ORG_NAME": "The Harbor Ledger",
    "ORG_EIN": "12-3456789",
    "ORG_ADDRESS": "1 Wharf Street|Astoria, OR 97103",
    "ORG_TIMEZONE": "America/Los_Angeles",
}


def wrong(**changes: str) -> list[str]:
    settings = load_settings(FINE | changes, broker=False)
    found = findings(settings, clock.now())
    return [one.words for one in found if one.verdict is Verdict.wrong]


def test_correct_settings_have_no_faults() -> None:
    assert wrong() == []
    assert wrong(MAIL_BOUNCES="") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SITE_URL": "http://give.harbor-ledger.example"}, "needs https"),
        ({"SITE_URL": "https://localhost"}, "cannot reach it"),
        ({"MAIL_BOUNCES": "bounces@elsewhere.example"}, "not aligned"),
        ({"MAIL_BOUNCES": "b" * 50 + "@harbor-ledger.example"}, "not a valid email address"),
        ({"MAIL_FROM": "News <news@localhost>", "MAIL_BOUNCES": ""}, "no dot"),
        ({"SMTP_URL": "smtp://a:b@mail.invalid:25"}, "not encrypted"),
        ({"SITE_URL": "https://give.exämple.org"}, "List-Unsubscribe does not fit on one line"),
        ({"ORG_NAME": "x" * 2000}, "List-Id does not fit on one line"),
    ],
)
def test_each_fault_is_named(changes: dict[str, str], words: str) -> None:
    assert any(words in one for one in wrong(**changes))


def verdicts(**changes: str) -> dict[str, Verdict]:
    settings = load_settings(FINE | changes, broker=False)
    return {one.words: one.verdict for one in findings(settings, clock.now())}


def test_what_is_fine_is_said_too_and_what_could_be_better_is_a_note() -> None:
    found = verdicts(MAIL_BOUNCES="", ALERTS_TO="desk@harbor-ledger.example")
    fine = [words for words, verdict in found.items() if verdict is Verdict.fine]
    assert fine[:3] == [
        "SITE_URL is https://give.harbor-ledger.example",
        "MAIL_FROM is news@harbor-ledger.example",
        "ALERTS_TO is desk@harbor-ledger.example",
    ]
    assert "List-Unsubscribe is on one line, as required" in fine
    assert "List-Unsubscribe-Post is on one line, as required" in fine
    assert "the Message-ID domain, harbor-ledger.example, is aligned with From" in fine
    notes = [words for words, verdict in found.items() if verdict is Verdict.note]
    assert [words.partition(":")[0] for words in notes] == [
        "MAIL_BOUNCES is not set",
        "MAIL_EVENTS_SECRET is not set",
    ]
    assert "bounces go to news@harbor-ledger.example" in notes[0]
    assert not any("EVENTS" in words for words in verdicts(MAIL_EVENTS_SECRET="e" * 40))


def test_whether_the_provider_that_sends_can_report_bounces_is_said() -> None:
    note = "POSTMARK_WEBHOOK_SECRET is not set: postmark cannot report bounces (docs/mail-providers.md)"
    found = verdicts(MAIL_PROVIDER="postmark")
    assert found[note] is Verdict.note
    assert not any("MAIL_EVENTS_SECRET" in words for words in found)
    found = verdicts(MAIL_PROVIDER="postmark", POSTMARK_WEBHOOK_SECRET="s" * 16)
    assert found["postmark reports bounces to /mail/events/postmark"] is Verdict.fine


@pytest.mark.parametrize(
    ("bounces", "aligned"),
    [
        ("b@harbor-ledger.example", True),
        ("b@mail.Harbor-Ledger.example", True),
        ("b@example", True),
        ("b@notharbor-ledger.example", False),
        ("b@harbor-ledger.example.org", False),
    ],
)
def test_bounces_go_to_the_domain_of_the_sender_or_one_above_or_below_it(
    bounces: str, aligned: bool
) -> None:
    words = [one for one in wrong(MAIL_BOUNCES=bounces) if "aligned" in one]
    assert (words == []) is aligned


@pytest.mark.parametrize(
    ("smtp", "verdict", "words"),
    [
        ("smtp://127.0.0.1:9", Verdict.unknown, "cannot be reached"),
        ("smtp://mail.invalid:25", Verdict.note, "is not encrypted"),
    ],
)
def test_a_server_out_of_reach_is_unknown_and_plain_mail_without_a_password_a_note(
    smtp: str, verdict: Verdict, words: str
) -> None:
    assert [kind for said, kind in verdicts(SMTP_URL=smtp).items() if words in said] == [verdict]


def test_a_server_that_answers_is_described_and_gets_no_mail() -> None:
    with MailReceiver(pipelining=True) as server:
        found = verdicts(SMTP_URL=server.url)
        said = f"the mail server 127.0.0.1:{server.port} replies: without a password, "
        assert found[f"{said}extensions ['pipelining', 'smtputf8', 'size']"] is Verdict.fine
        assert server.messages == []


def test_a_server_that_wants_another_password_is_wrong() -> None:
    with MailReceiver(credentials=("us", "right")) as server:
        address = f"smtp://us:wrong@127.0.0.1:{server.port}"
        assert any("refused the connection" in one for one in wrong(SMTP_URL=address))
        fine = verdicts(SMTP_URL=server.url)
    assert any("signed in, extensions" in words for words in fine)


def test_records_are_ready_to_paste() -> None:
    with_bounces = records(load_settings(FINE, broker=False))
    assert with_bounces == [
        'mail.harbor-ledger.example.  IN TXT  "v=spf1 ip4:127.0.0.1 ~all"',
        'SELECTOR._domainkey.harbor-ledger.example.  IN TXT  "v=DKIM1; k=rsa; p=PUBLIC-KEY"',
        (
            '_dmarc.harbor-ledger.example.  IN TXT  "v=DMARC1; p=quarantine; adkim=r; aspf=r;'
            ' rua=mailto:news@harbor-ledger.example"'
        ),
        "mail.harbor-ledger.example.  IN MX   10 HOST-THAT-TAKES-BOUNCES.",
    ]
    settings = FINE | {"MAIL_BOUNCES": "", "SMTP_URL": "smtps://u:p@smtp.example.net:465"}
    without = records(load_settings(settings | {"ALERTS_TO": "d@example.org"}, broker=False))
    assert without[0] == 'harbor-ledger.example.  IN TXT  "v=spf1 a:smtp.example.net ~all"'
    assert without[2].endswith('rua=mailto:d@example.org"')
    assert len(without) == 3


def about_server(server: MailReceiver, to: str = "", **changes: str) -> dict[str, Verdict]:
    settings = load_settings(FINE | {"SMTP_URL": server.url} | changes, broker=False)
    found = findings(settings, clock.now(), to)
    return {one.words: one.verdict for one in found if "the mail server" in one.words}


def test_the_server_is_asked_as_for_a_real_email_and_gets_none() -> None:
    with MailReceiver() as server:
        found = about_server(server, ALERTS_TO="desk@harbor-ledger.example")
        asked = (
            f"asked to send from bounces+{TOKEN}@mail.harbor-ledger.example to"
            " desk@harbor-ledger.example, the mail server says: 250 2.1.5 Recipient accepted"
        )
        assert found[asked] is Verdict.fine
        assert server.messages == []


@pytest.mark.parametrize(
    ("reply", "verdict", "advice"),
    [
        ("550 relay not permitted", Verdict.wrong, "let this server send to everybody"),
        ("550 5.1.1 no such user", Verdict.wrong, "create the mailbox"),
        (
            "553 5.7.1 Sender address rejected: not owned by user",
            Verdict.wrong,
            "send as MAIL_FROM",
        ),
        ("451 4.7.1 Greylisted", Verdict.note, "try again later"),
        ("450 4.7.1 too much mail", Verdict.note, "lower MAIL_RATE"),
    ],
)
def test_what_it_answers_is_said_with_what_to_do(reply: str, verdict: Verdict, advice: str) -> None:
    with MailReceiver() as server:
        server.answer(reply, to="reader@elsewhere.example")
        found = about_server(server, "reader@elsewhere.example")
    [(words, given)] = [one for one in found.items() if "asked to send" in one[0]]
    assert given is verdict
    assert f"answers RCPT with: {reply}." in words
    assert advice in words


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (EXPIRED, "it has expired"),
        (SELF_SIGNED, "it is self-signed"),
        (WRONG_NAME, "it is for another IP address"),
        (GOOD, ""),
    ],
)
def test_a_certificate_that_fails_is_wrong_and_why_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, words: str
) -> None:
    certificates = make_certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates["trusted"]))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates[kind])
    with MailReceiver(starttls=context) as server:
        found = about_server(server)
    faults = [one for one, verdict in found.items() if verdict is Verdict.wrong]
    assert all(f"cannot be trusted: {words}" in one for one in faults)
    assert bool(faults) is bool(words)


def test_a_server_without_the_encryption_that_was_asked_for_is_wrong() -> None:
    with MailReceiver() as server:
        [fault] = about_server(server, SMTP_URL=f"{server.url}?starttls=1").items()
        assert fault[1] is Verdict.wrong
        assert "STARTTLS extension not supported" in fault[0]
        [fault] = about_server(server, SMTP_URL=server.url.replace("smtp:", "smtps:")).items()
        assert fault[1] is Verdict.wrong
