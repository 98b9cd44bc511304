"""The mail receiver for tests, over real SMTP."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from sandbox.outbox import MailReceiver


@pytest.fixture
def receiver() -> Iterator[MailReceiver]:
    with MailReceiver() as running:
        yield running


def an_email(to: str = "ada@example.org", subject: str = "Thank you") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "The Harbor Ledger <giving@example.org>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Your gift arrived. Grüße.")
    return message


def send(receiver: MailReceiver, *messages: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", receiver.port, timeout=60) as client:
        for message in messages:
            client.send_message(message)


def test_messages_are_stored_unchanged(receiver: MailReceiver) -> None:
    send(receiver, an_email(), an_email("bob@example.org", "Grüße"))

    first, second = receiver.wait_for(2)
    assert first.sender == "giving@example.org"
    assert first.recipients == ("ada@example.org",)
    assert first.raw.startswith(b"From: The Harbor Ledger")
    assert second.subject == "Grüße"
    assert "Grüße" in second.message.get_content()
    assert receiver.connections == 1


def test_one_recipient_is_deferred_and_then_accepted(receiver: MailReceiver) -> None:
    receiver.answer("450 4.2.1 Mailbox busy", to="ada@example.org", times=1)

    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(receiver, an_email())
    assert refused.value.recipients["ada@example.org"] == (450, b"4.2.1 Mailbox busy")
    send(receiver, an_email("bob@example.org"))
    send(receiver, an_email())

    assert [mail.recipients[0] for mail in receiver.messages] == [
        "bob@example.org",
        "ada@example.org",
    ]


def test_a_message_is_rejected_permanently_after_data(receiver: MailReceiver) -> None:
    receiver.answer("554 5.7.1 Refused", after_data=True)

    with pytest.raises(smtplib.SMTPDataError, match=r"5\.7\.1 Refused"):
        send(receiver, an_email())

    assert receiver.messages == []


def test_the_connection_is_dropped_for_a_recipient(receiver: MailReceiver) -> None:
    receiver.drop(to="ada@example.org")

    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(receiver, an_email())

    receiver.accept()
    send(receiver, an_email())
    assert len(receiver.messages) == 1


@pytest.mark.parametrize(("keep", "delivered"), [(True, 1), (False, 0)])
def test_the_connection_is_dropped_after_data(
    receiver: MailReceiver, keep: bool, delivered: int
) -> None:
    receiver.drop(after_data=True, times=1, keep=keep)

    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(receiver, an_email())

    assert len(receiver.messages) == delivered


def test_credentials_are_required() -> None:
    with MailReceiver(credentials=("ledger", "secret")) as receiver:
        with pytest.raises(smtplib.SMTPException, match=r"530|Authentication required"):
            send(receiver, an_email())
        with smtplib.SMTP("127.0.0.1", receiver.port, timeout=60) as client:
            client.login("ledger", "secret")
            client.send_message(an_email())
        assert receiver.url == f"smtp://ledger:secret@127.0.0.1:{receiver.port}"
        assert len(receiver.messages) == 1


def test_a_timeout_says_how_many_messages_arrived(receiver: MailReceiver) -> None:
    with pytest.raises(TimeoutError, match="0 of 1 messages"):
        receiver.wait_for(1, timeout=0.05)
