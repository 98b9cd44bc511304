"""One SMTP session: the meaning of each reply, and whether the connection stays usable."""

import smtplib
import ssl
from collections.abc import Iterator

import pytest

from campaign.core.errors import MailDelayed, MailRefused, MailTooLarge, MailUnknown
from campaign.core.refused_replies import RefusedReply
from campaign.core.settings import SmtpAddress
from campaign.mailer.smtp import (
    ConnectionLost,
    SmtpReply,
    SmtpSession,
    judge_connection,
    judge_reply,
)
from sandbox.outbox.receiver import MailReceiver

US, ANA, BEN = "news@harbor-ledger.example", "ana@example.org", "ben@example.org"
MESSAGE = b"Subject: Test\r\n\r\nOne line.\r\n"


@pytest.fixture(params=[False, True], ids=["in turn", "together"])
def server(request: pytest.FixtureRequest) -> Iterator[MailReceiver]:
    """A server without pipelining, and one with it (RFC 2920)."""
    with MailReceiver(pipelining=request.param) as receiver:
        yield receiver


@pytest.fixture
def smtp_session(server: MailReceiver) -> Iterator[SmtpSession]:
    opened = SmtpSession.begin(SmtpAddress("127.0.0.1", server.port))
    yield opened
    opened.end()


def recipients(server: MailReceiver) -> list[str]:
    return [mail.recipients[0] for mail in server.messages]


def test_it_knows_what_the_server_offers(smtp_session: SmtpSession, server: MailReceiver) -> None:
    assert smtp_session.offers("smtputf8")
    assert smtp_session.offers("SIZE")
    assert not smtp_session.offers("chunking")


def test_a_dot_at_the_start_of_a_line_is_neither_lost_nor_the_end(
    smtp_session: SmtpSession, server: MailReceiver
) -> None:
    message = b".first\r\n.\r\n..\r\nlast.\r\n"
    smtp_session.send(US, ANA, message)
    assert [mail.raw for mail in server.wait_for(1)] == [message]


def test_a_refused_sender_delays_the_message_and_the_next_one_is_sent(
    smtp_session: SmtpSession, server: MailReceiver
) -> None:
    with pytest.raises(MailDelayed, match="refused the sender: 5"):
        smtp_session.send(f"{US}> ODD=1", ANA, MESSAGE)
    assert not smtp_session.over
    smtp_session.send(US, BEN, MESSAGE)
    assert recipients(server) == [BEN]
    assert server.connections == 1


def test_a_message_is_not_delivered_if_its_recipient_was_refused(
    smtp_session: SmtpSession, server: MailReceiver
) -> None:
    server.answer("450 4.2.1 Mailbox busy", to=ANA)
    for _ in range(2):
        with pytest.raises(MailDelayed, match=r"postponed the message: 450 4\.2\.1 Mailbox busy"):
            smtp_session.send(US, ANA, MESSAGE)
    smtp_session.send(US, BEN, MESSAGE)
    assert recipients(server) == [BEN]


@pytest.mark.parametrize("after_data", [False, True])
@pytest.mark.parametrize(
    ("reply", "kind", "about"),
    [
        ("550 5.1.1 No such user", MailRefused, "address"),
        ("550 5.7.1 Blocked by policy", MailDelayed, "us"),
        ("550 relay not permitted", MailDelayed, "us"),
        ("552 5.2.2 Mailbox full", MailDelayed, "passing"),
        ("552 5.3.4 Message size exceeds fixed limit", MailTooLarge, "us"),
        ("450 4.1.1 No such user", MailDelayed, "passing"),
    ],
)
def test_only_a_refused_address_is_final_and_its_reply_is_judged(
    smtp_session: SmtpSession,
    server: MailReceiver,
    reply: str,
    kind: type[MailDelayed] | type[MailRefused],
    about: str,
    after_data: bool,
) -> None:
    if after_data and kind is MailRefused:
        return  # what such a reply means after DATA is for `refusal_meaning` to say
    server.answer(reply, times=1, after_data=after_data)
    with pytest.raises(kind) as refused:
        smtp_session.send(US, ANA, MESSAGE)
    assert type(refused.value) is kind
    assert refused.value.reply == RefusedReply(
        about, refused.value.reply.cause, reply, permanent=reply.startswith("5")
    )


def test_after_the_message_only_a_plain_refusal_is_about_the_address(
    smtp_session: SmtpSession, server: MailReceiver
) -> None:
    server.answer("554 no mailbox here by that name, or content rejected", times=1, after_data=True)
    with pytest.raises(MailDelayed):
        smtp_session.send(US, ANA, MESSAGE)


@pytest.mark.parametrize("code", [500, 501, 502, 503, 504, 530, 534, 535, 538, 550, 554, 555, 599])
def test_a_code_alone_is_never_about_the_address(
    smtp_session: SmtpSession, server: MailReceiver, code: int
) -> None:
    server.answer(f"{code} no", times=1)
    with pytest.raises(MailDelayed):
        smtp_session.send(US, ANA, MESSAGE)


def test_a_refused_sender_is_never_the_recipients_fault() -> None:
    for reply in (SmtpReply(550, "5.1.1 No such user"), SmtpReply(450, "4.1.1 No such user")):
        assert judge_reply(reply, "MAIL").about != "address"
        assert judge_reply(reply, "").about != "address"
    assert judge_reply(SmtpReply(550, "5.1.1 No such user"), "RCPT").about == "address"


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (smtplib.SMTPAuthenticationError(535, b"5.7.8 wrong"), "authentication"),
        (smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."), "tls"),
        (smtplib.SMTPNotSupportedError("SMTP AUTH extension not supported"), "authentication"),
        (smtplib.SMTPException("No suitable authentication method found."), "authentication"),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), "tls"),
        (ssl.SSLError(1, "wrong version number"), "tls"),
        (ssl.SSLEOFError(8, "EOF occurred"), None),
        (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), None),
        (TimeoutError("timed out"), None),
    ],
)
def test_a_fault_of_our_setup_is_told_from_a_server_out_of_reach(
    error: Exception, cause: str | None
) -> None:
    reply = judge_connection(error)
    assert (reply.cause if reply else None) == cause
    assert reply is None or (reply.about, reply.permanent, reply.on_connecting) == (
        "us", True, True,
    )  # fmt: skip


def test_a_passing_refusal_of_the_connection_is_not_permanent() -> None:
    reply = judge_connection(smtplib.SMTPConnectError(421, "4.7.0 too many connections"))
    assert (reply.permanent, reply.on_connecting) == (False, True)
    reply = judge_connection(smtplib.SMTPAuthenticationError(454, b"4.7.0 try again later"))
    assert not reply.permanent


def test_a_message_over_the_announced_size_is_not_sent() -> None:
    with MailReceiver(size=1000) as server:
        session = SmtpSession.begin(SmtpAddress("127.0.0.1", server.port))
        assert session.largest == 1000
        with pytest.raises(MailTooLarge, match="accepts 1000"):
            session.send(US, ANA, MESSAGE + b"x" * 1000 + b"\r\n")
        session.send(US, BEN, MESSAGE + b"x" * (998 - len(MESSAGE)) + b"\r\n")
        session.end()
        assert recipients(server) == [BEN]


def test_asking_for_an_address_sends_nothing(
    smtp_session: SmtpSession, server: MailReceiver
) -> None:
    server.answer("550 relay not permitted", to=ANA)
    assert smtp_session.ask(US, ANA) == ("RCPT", SmtpReply(550, "relay not permitted"))
    command, reply = smtp_session.ask(US, BEN)
    assert (command, reply.taken) == ("RCPT", True)
    command, reply = smtp_session.ask(f"{US}> ODD=1", BEN)
    assert (command, reply.taken) == ("MAIL", False)
    smtp_session.send(US, BEN, MESSAGE)
    assert recipients(server) == [BEN]


@pytest.mark.parametrize("reply", ["354 Go on", "399 What", "600 Odd"])
def test_an_answer_that_means_nothing_leaves_open_what_happened_and_ends_it(
    smtp_session: SmtpSession, server: MailReceiver, reply: str
) -> None:
    server.answer(reply, after_data=True, times=1)
    with pytest.raises(MailUnknown, match=f"unknown reply: {reply}"):
        smtp_session.send(US, ANA, MESSAGE)
    assert smtp_session.over


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("400 Later", MailDelayed),
        ("499 Later", MailDelayed),
        ("500 No", MailDelayed),
        ("599 No", MailDelayed),
    ],
)
def test_an_answer_from_400_to_599_is_certain_and_the_next_message_is_sent(
    smtp_session: SmtpSession, server: MailReceiver, reply: str, kind: type[Exception]
) -> None:
    for after_data in (False, True):
        server.answer(reply, after_data=after_data, times=1)
        with pytest.raises(kind, match=reply):
            smtp_session.send(US, ANA, MESSAGE)
        assert not smtp_session.over
    smtp_session.send(US, BEN, MESSAGE)
    assert recipients(server) == [BEN]


@pytest.mark.parametrize("after_data", [False, True])
def test_a_server_that_is_closing_is_spoken_to_no_more(
    smtp_session: SmtpSession, server: MailReceiver, after_data: bool
) -> None:
    server.answer("421 4.3.2 Shutting down", after_data=after_data, times=1)
    with pytest.raises(MailDelayed if after_data else ConnectionLost, match="421"):
        smtp_session.send(US, ANA, MESSAGE)
    assert smtp_session.over


def test_a_break_is_certain_before_the_message_and_not_after_it(server: MailReceiver) -> None:
    for after_data, error in ((False, ConnectionLost), (True, MailUnknown)):
        smtp_session = SmtpSession.begin(SmtpAddress("127.0.0.1", server.port))
        server.drop(after_data=after_data, times=1)
        with pytest.raises(error):
            smtp_session.send(US, ANA, MESSAGE)
        assert smtp_session.over
        with pytest.raises(ConnectionLost):
            smtp_session.send(US, BEN, MESSAGE)
        smtp_session.end()
    assert BEN not in recipients(server)


def test_quitting_twice_or_after_the_server_closed_is_safe(
    smtp_session: SmtpSession, server: MailReceiver
) -> None:
    server.hang_up()
    smtp_session.end()
    smtp_session.end()


def test_a_reply_is_a_yes_from_200_to_299() -> None:
    codes = (199, 200, 299, 300, 354, 550)
    assert [SmtpReply(code, "").taken for code in codes] == [False, True, True, False, False, False]
    assert str(SmtpReply(250, "2.0.0 OK")) == "250 2.0.0 OK"
