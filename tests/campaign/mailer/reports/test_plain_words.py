"""Reports in plain words, of the servers that write them."""

import pytest

from campaign.mailer.bounce_reports import BounceFinding, BounceReport, read_report
from tests.support.bounce_reports import BOUNCES, MESSAGE_ID, TOKEN
from tests.support.plain_reports import (
    DOMINO,
    DRAGONFLY,
    EXCHANGE_2000,
    EXCHANGE_2007,
    EXIM,
    GMAIL_OLD,
    GMX,
    OPENSMTPD,
    POSTFIX_OLD,
    QMAIL,
    SENDMAIL_OLD,
    YAHOO,
    ZOHO,
    notice,
    quoting,
)

PERMANENT, SOFT = BounceFinding.permanent, BounceFinding.soft
COPY = "------ This is a copy of the message, including all the headers. ------"


def read(raw: bytes) -> BounceReport:
    found = read_report(raw, BOUNCES)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "report",
    [
        EXIM.format("SMTP error from remote mail server after RCPT TO:<ana@example.org>:\n    550 No such user here"),
        EXIM.format("Unrouteable address"),
        QMAIL.format("Sorry, no mailbox here by that name. (#5.1.1)"),
        QMAIL.format("192.0.2.1 does not like recipient.\nRemote host said: 550 No such user\nGiving up on 192.0.2.1."),
        POSTFIX_OLD.format("550 5.1.1\n    <ana@example.org>: User unknown (in reply to RCPT TO command)"),
        OPENSMTPD.format("550 5.1.1 <ana@example.org>: Recipient address rejected: User unknown"),
        OPENSMTPD.format("Domain does not accept mail"),
        DRAGONFLY.format("in.example.org [192.0.2.1] did not like our RCPT TO:\n550 User unknown"),
        GMAIL_OLD.format("550 550 Unknown user (state 14)."),
        YAHOO.format("550 5.1.1 <ana@example.org>... User is unknown {mx4} [RCPT_TO]"),
        GMX.format("5.1.1 <ana@example.org>... User Unknown"),
        ZOHO.format("5.1.1 <ana@example.org>... User Unknown"),
        EXCHANGE_2000.format("The recipient name is not recognized"),
        EXCHANGE_2000.format("The e-mail account does not exist at the organization this message was sent to."),
        EXCHANGE_2007.format("#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##"),
        DOMINO.format("User Ana (ana@example.org) not listed in Domino Directory"),
        DOMINO.format("ユーザー Ana (ana@example.org) は Domino ディレクトリには見つかりません。"),
        SENDMAIL_OLD.format("RCPT To:<ana@example.org>", "550 Unknown recipient"),
    ],
)  # fmt: skip
def test_a_mailbox_that_does_not_exist_is_permanent_in_every_dialect(report: str) -> None:
    found = read(notice(quoting(report, COPY)))
    assert found.finding is PERMANENT, found.detail
    assert (found.tokens, found.message_ids) == ((TOKEN,), (MESSAGE_ID,))


@pytest.mark.parametrize(
    "report",
    [
        EXIM.format("SMTP error from remote mail server after RCPT TO:<ana@example.org>:\n    550 Relaying denied"),
        EXIM.format("SMTP error from remote mail server after end of data:\n    550 No such user here"),
        EXIM.format("retry timeout exceeded"),
        QMAIL.format("192.0.2.1 failed after I sent the message.\nRemote host said: 554 rejected as spam"),
        QMAIL.format("192.0.2.1 does not like recipient.\nRemote host said: 552 mailbox is over quota"),
        POSTFIX_OLD.format("550\n    <ana@example.org>: User unknown"),
        OPENSMTPD.format("552 5.2.2 Mailbox full"),
        DRAGONFLY.format("in.example.org [192.0.2.1] did not like our DATA:\n550 5.7.1 Denied by policy"),
        GMAIL_OLD.format("552 552 Quota exceeded (state 14)."),
        YAHOO.format("554 5.7.9 Message not accepted for policy reasons. [-1]"),
        GMX.format("5.2.2 <ana@example.org>... Mailbox Full"),
        ZOHO.format("5.2.2 <ana@example.org>... Mailbox Full"),
        EXCHANGE_2000.format("The recipient's mailbox is full"),
        EXCHANGE_2007.format("#550 5.2.2 STOREDRV.Deliver: mailbox full ##"),
        DOMINO.format("Error transferring to in.example.org; Maximum hop count exceeded."),
        SENDMAIL_OLD.format("MAIL From:<us@news.test>", "550 User unknown"),
        SENDMAIL_OLD.format("DATA", "550 Unknown recipient"),
    ],
)  # fmt: skip
def test_what_passes_or_is_about_us_is_temporary_in_every_dialect(report: str) -> None:
    found = read(notice(quoting(report, COPY)))
    assert found.finding is SOFT, found.detail


@pytest.mark.parametrize(
    "text",
    [
        "Warning: could not send message for past 4 hours.\n550 5.1.1 user unknown",
        "A message that you sent has not yet been delivered to all of its recipients.\nNo action is required.",
        "Delivery to the following recipient has been delayed. Message will be retried for 2 more day(s).",
    ],
)
def test_a_notice_of_a_delay_is_temporary_whatever_its_reason(text: str) -> None:
    assert read(notice(text)).finding is SOFT


def test_a_failure_for_a_reason_that_is_not_known_is_noted_and_suppresses_nobody() -> None:
    found = read(notice("Your message could not be delivered: gremlins."))
    assert found.finding is SOFT
    assert found.detail.startswith("for a reason that is not understood: Your message")


def test_words_of_the_quoted_email_say_nothing() -> None:
    report = quoting(
        "Your message could not be delivered.", "--- Below this line is a copy of the message."
    )
    assert read(notice(report)).finding is SOFT


def test_the_gravest_of_several_recipients_counts() -> None:
    two = GMX.format("5.2.2 Mailbox full") + "\n\n" + GMX.format("5.1.1 User unknown")
    assert read(notice(two)).finding is PERMANENT


def test_a_report_of_html_alone_is_read() -> None:
    page = "<html><style>p{color:red}</style><p>Your message was not delivered:</p><p>550&nbsp;5.1.1 User unknown</p>"
    raw = notice(page).replace(b"text/plain", b"text/html")
    assert read(raw).finding is PERMANENT


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_is_read(end: bytes) -> None:
    raw = notice(quoting(OPENSMTPD.format("550 5.1.1 User unknown"), COPY)).replace(b"\n", end)
    found = read(raw)
    assert (found.finding, found.message_ids) == (PERMANENT, (MESSAGE_ID,))


@pytest.mark.parametrize(
    ("more", "subject", "text"),
    [
        ("Auto-Submitted: auto-replied\n", "Re: Nine days", "I no longer work here."),
        ("Auto-Submitted: auto-replied\nReturn-Path: <>\n", "Re: Nine days", "My mailbox is full. I am away."),
        ("X-Autoreply: yes\n", "Nine days", "User unknown to me"),
        ("Precedence: auto_reply\n", "Nine days", "This account has been closed."),
        ("Return-Path: <>\n", "Out of Office: Nine days", "I am on vacation."),
        ("", "自動応答: Nine days", "アドレスが見つかりません"),
    ],
)  # fmt: skip
def test_an_automatic_reply_is_never_counted(more: str, subject: str, text: str) -> None:
    assert (
        read_report(notice(text, sender="ana@example.org", subject=subject, more=more), BOUNCES)
        is None
    )


def test_a_letter_of_a_person_is_no_report() -> None:
    raw = notice("user unknown", sender="ana@example.org", subject="Nine days", to="us@news.test")
    assert read_report(raw, BOUNCES) is None


def test_an_answer_to_the_address_of_an_email_that_is_not_understood_is_said_to_be_unclear() -> (
    None
):
    raw = notice(
        "Please click here to prove that you exist.", sender="gate@example.org", subject="Hm"
    )
    found = read(raw)
    assert found.finding is BounceFinding.unclear
    assert found.detail == "not understood: Hm: Please click here to prove that you exist."
    assert found.tokens == (TOKEN,)
