"""Complaints other than those in the standard's own form."""

from campaign.mailer.bounce_reports import BounceFinding, BounceReport, read_report
from tests.support.bounce_reports import BOUNCES, MESSAGE_ID, ORIGINAL, TOKEN, VERP, complaint
from tests.support.plain_reports import notice


def read(raw: bytes) -> BounceReport:
    found = read_report(raw, BOUNCES)
    assert found is not None
    return found


def jmrp(sender: str = "staff@hotmail.com", more: str = "") -> bytes:
    return (
        f"From: {sender}\nTo: fbl@news.test\nSubject: complaint about message from 192.0.2.7\n"
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n"
        f"{more}Return-Path: <{VERP}>\n{ORIGINAL}\nNine days are left.\n--b--\n"
    ).encode()


def test_a_complaint_at_outlook_com_is_known_by_its_sender_or_its_header() -> None:
    for raw in (jmrp(), jmrp("x@relay.test", "X-HmXmrOriginalRecipient: ana@hotmail.com\n")):
        found = read(raw)
        assert found.finding is BounceFinding.complaint
        assert (found.tokens, found.message_ids) == ((TOKEN,), (MESSAGE_ID,))
    assert read(jmrp("somebody@example.org")).finding is BounceFinding.unclear


def test_a_feedback_part_is_read_in_any_multipart() -> None:
    raw = complaint().replace(b"multipart/report; report-type=feedback-report", b"multipart/mixed")
    found = read(raw)
    assert found.finding is BounceFinding.complaint
    assert (found.tokens, found.message_ids) == ((TOKEN,), (MESSAGE_ID,))


def test_a_report_about_failed_authentication_is_no_complaint_of_a_reader() -> None:
    assert read(complaint("auth-failure")).finding is BounceFinding.nothing


def test_apple_mail_unsubscribes_by_mail() -> None:
    raw = notice(
        "Apple Mail sent this.",
        sender="ana@icloud.com",
        subject="unsubscribe",
        more="X-Apple-Unsubscribe: true\n",
    )
    found = read(raw)
    assert (found.finding, found.tokens) == (BounceFinding.complaint, (TOKEN,))
