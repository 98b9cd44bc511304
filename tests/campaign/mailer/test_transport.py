"""Replies of the mail server at each stage, and what they mean for the message."""

import socket
from collections.abc import Iterator

import pytest

from campaign.core.errors import MailDelayed, MailRefused, MailUnknown
from campaign.core.settings import SmtpAddress
from campaign.mailer import smtp
from campaign.mailer.transport import Transport
from sandbox.outbox.receiver import MailReceiver

MESSAGE = b"Subject: Test\r\n\r\nOne line.\r\n.\r\n..two\r\n"


@pytest.fixture(params=[False, True], ids=["in turn", "together"])
def server(request: pytest.FixtureRequest) -> Iterator[MailReceiver]:
    """A server without pipelining, and one with it (RFC 2920)."""
    with MailReceiver(pipelining=request.param) as receiver:
        yield receiver


@pytest.fixture
def transport(server: MailReceiver) -> Iterator[Transport]:
    address = SmtpAddress("127.0.0.1", server.port)
    with Transport(address, "news@harbor-ledger.example") as opened:
        yield opened


def test_many_messages_go_over_one_connection(transport: Transport, server: MailReceiver) -> None:
    for number in range(20):
        transport.send(f"reader{number}@example.org", MESSAGE)
    received = server.wait_for(20)
    assert server.connections == 1
    assert {mail.sender for mail in received} == {"news@harbor-ledger.example"}
    assert [mail.recipients for mail in received][7] == ("reader7@example.org",)
    assert {mail.raw for mail in received} == {MESSAGE}


def test_the_envelope_may_name_another_sender(transport: Transport, server: MailReceiver) -> None:
    transport.send("ana@example.org", MESSAGE, "bounces+Ab-_9@harbor-ledger.example")
    assert server.wait_for(1)[0].sender == "bounces+Ab-_9@harbor-ledger.example"


def test_a_refused_address_leaves_the_connection_open(
    transport: Transport, server: MailReceiver
) -> None:
    server.answer("550 5.1.1 No such user", times=1)
    with pytest.raises(MailRefused, match="550") as refused:
        transport.send("ana@example.org", MESSAGE)
    assert refused.value.recipient
    server.answer("554 5.7.1 Looks like spam", times=1, after_data=True)
    with pytest.raises(MailDelayed, match="554"):
        transport.send("ana@example.org", MESSAGE)
    transport.send("ben@example.org", MESSAGE)
    assert [mail.recipients for mail in server.wait_for(1)] == [("ben@example.org",)]
    assert server.connections == 1


@pytest.mark.parametrize("code", [421, 450, 550])
def test_a_server_that_wants_another_connection_gets_it_and_the_message(
    transport: Transport, server: MailReceiver, code: int
) -> None:
    transport.send("ana@example.org", MESSAGE)
    server.answer(f"{code} too many messages in this connection", times=1)
    transport.send("ben@example.org", MESSAGE)
    assert len(server.wait_for(2)) == 2
    assert server.connections == 2
    server.answer(f"{code} too many messages in this connection", times=2)
    with pytest.raises(MailDelayed, match=str(code)) as delayed:
        transport.send("eva@example.org", MESSAGE)
    assert delayed.value.reply is not None


@pytest.mark.parametrize("after_data", [False, True])
@pytest.mark.parametrize("reply", ["451 4.7.1 Greylisted", "421 4.3.2 Shutting down"])
def test_a_passing_refusal_is_certain_and_the_next_message_goes(
    transport: Transport, server: MailReceiver, reply: str, after_data: bool
) -> None:
    server.answer(reply, after_data=after_data, times=1)
    with pytest.raises(MailDelayed, match=reply[:3]):
        transport.send("ana@example.org", MESSAGE)
    transport.send("ben@example.org", MESSAGE)
    assert server.wait_for(1)[-1].recipients == ("ben@example.org",)


def test_a_break_before_the_message_is_certain(transport: Transport, server: MailReceiver) -> None:
    server.drop()
    with pytest.raises(MailDelayed):
        transport.send("ana@example.org", MESSAGE)
    server.accept()
    transport.send("ana@example.org", MESSAGE)


@pytest.mark.parametrize("keep", [False, True])
def test_a_break_after_the_message_leaves_open_whether_it_arrived(
    transport: Transport, server: MailReceiver, keep: bool
) -> None:
    transport.send("ben@example.org", MESSAGE)
    server.drop(after_data=True, times=1, keep=keep)
    with pytest.raises(MailUnknown):
        transport.send("ana@example.org", MESSAGE)
    transport.send("ben@example.org", MESSAGE)
    assert len(server.messages) == 2 + keep
    assert server.connections == 2


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again(
    transport: Transport, server: MailReceiver
) -> None:
    transport.send("ana@example.org", MESSAGE)
    server.hang_up()
    transport.send("ben@example.org", MESSAGE)
    assert len(server.wait_for(2)) == 2


def test_nobody_there_is_certain() -> None:
    with Transport(SmtpAddress("127.0.0.1", 9), "a@example.org") as transport:
        with pytest.raises(MailDelayed, match="cannot be reached"):
            transport.open()
        with pytest.raises(MailDelayed, match="cannot be reached"):
            transport.send("ana@example.org", MESSAGE)


def test_an_internationalised_address_goes_where_the_server_takes_it(
    transport: Transport, server: MailReceiver
) -> None:
    transport.send("añá@straße.example", b"To: a\xc3\xb1\xc3\xa1@x.example\r\n" + MESSAGE)
    [received] = server.wait_for(1)
    assert received.recipients == ("añá@xn--strae-oqa.example",)
    assert received.raw.startswith(b"To: a\xc3\xb1")


def test_elsewhere_it_fails_and_says_why() -> None:
    with MailReceiver(smtputf8=False) as server:
        with Transport(SmtpAddress("127.0.0.1", server.port), "a@example.org") as transport:
            with pytest.raises(MailRefused, match="SMTPUTF8") as refused:
                transport.send("añá@example.org", MESSAGE)
            assert not refused.value.recipient
            transport.send("ana@example.org", MESSAGE)
        assert len(server.messages) == 1


def test_no_address_adds_a_command(transport: Transport, server: MailReceiver) -> None:
    with pytest.raises(MailRefused):
        transport.send("a@example.org>\r\nRCPT TO:<b@example.org", MESSAGE)
    assert server.messages == []


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for security in ("plain", "tls"):
            address = SmtpAddress("127.0.0.1", silent.getsockname()[1], security)
            reached = pytest.raises(MailDelayed, match=r"cannot be reached: .*timed out")
            with Transport(address, "a@example.org") as transport, reached:
                transport.open()
