"""Which of our emails a report is about."""

import pytest

from campaign.mailer.bounce_reports import BounceReport, read_report
from tests.support.bounce_reports import BOUNCES, MESSAGE_ID, POSTFIX, TOKEN, VERP, delivery
from tests.support.plain_reports import EXIM, notice

ELSEWHERE = "postmaster@news.test"
REPORT = EXIM.format("550 5.1.1 User unknown")
COPY = "------ This is a copy of the message, including all the headers. ------\n\n"


def read(raw: bytes) -> BounceReport:
    found = read_report(raw, BOUNCES)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "quoted",
    [
        f"Message-ID: {MESSAGE_ID}\n",
        f"message-id:{MESSAGE_ID}\n",
        f"> Message-Id:\n>  {MESSAGE_ID}\n".replace("\n> ", "\n "),
        f"Received: from x\n\tby y\n\tfor z;\nSubject: Nine days\nMessage-ID: {MESSAGE_ID}\n",
    ],
)
def test_a_quoted_message_id_names_our_email(quoted: str) -> None:
    assert read(notice(f"{REPORT}\n\n{COPY}{quoted}", to=ELSEWHERE)).message_ids == (MESSAGE_ID,)


@pytest.mark.parametrize("header", ["In-Reply-To", "References", "X-Original-Message-ID"])
def test_a_header_of_an_answer_names_our_email(header: str) -> None:
    more = f"{header}: <other@news.test> {MESSAGE_ID}\n"
    assert MESSAGE_ID in read(notice(REPORT, to=ELSEWHERE, more=more)).message_ids


def test_an_envelope_address_that_is_quoted_names_our_email() -> None:
    quoted = f"Received: from x by y\n\t(envelope-from <{VERP}>)\n"
    assert read(notice(f"{REPORT}\n\n{COPY}{quoted}", to=ELSEWHERE)).tokens == (TOKEN,)
    attached = f"Content-Type: message/rfc822\n\nReceived: from x (envelope-from <{VERP}>)\nSubject: Nine days\n\nhm"
    assert read(delivery(POSTFIX, to=ELSEWHERE, original=attached)).tokens == (TOKEN,)


def test_only_the_first_message_id_of_a_text_is_believed() -> None:
    text = f"{REPORT}\n\n{COPY}Message-ID: {MESSAGE_ID}\n\nMessage-ID: <forged@news.test>\n"
    assert read(notice(text, to=ELSEWHERE)).message_ids == (MESSAGE_ID,)


def test_a_token_of_another_mailbox_is_none() -> None:
    text = f"{REPORT}\n\n{COPY}Return-Path: <not{VERP}>\nX-To: {VERP}.evil.test\n"
    assert read(notice(text, to=ELSEWHERE)).tokens == ()
