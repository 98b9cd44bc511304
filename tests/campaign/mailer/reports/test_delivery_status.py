"""The fields of delivery reports, also where servers do not keep to the standard."""

import pytest

from campaign.mailer.bounce_reports import BounceFinding, read_report
from tests.support.bounce_reports import BOUNCES, VERP, delivery

PERMANENT, SOFT = BounceFinding.permanent, BounceFinding.soft
UNKNOWN_USER = "Diagnostic-Code: smtp; 550 No such user here"


def finding(fields: str, told: str = "") -> BounceFinding:
    raw = delivery(fields).decode()
    found = read_report(
        raw.replace("Your message could not be delivered.", told or "x").encode(), BOUNCES
    )
    assert found is not None
    return found.finding


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("failed", PERMANENT),
        ("Failed (permanent)", PERMANENT),
        ("error", PERMANENT),  # OpenSMTPD of old
        ("delayed", SOFT),
        ("expired", SOFT),  # SendGrid
        ("delivered", BounceFinding.nothing),
        ("deliverable", BounceFinding.nothing),
    ],
)
def test_the_action_is_read_as_servers_write_it(action: str, expected: BounceFinding) -> None:
    assert finding(f"Action: {action}\nStatus: 5.1.1") is expected


def test_a_missing_action_or_status_is_made_up_for_by_the_rest() -> None:
    assert finding("Status: 5.1.1 (no such user)") is PERMANENT
    assert finding("Action: failed\nDiagnostic-Code: smtp; 550 5.1.1 no such user") is PERMANENT
    assert finding("Action: failed\nStatus:\nDiagnostic-Code: Connection timed out") is SOFT
    assert finding("Action: failed\nStatus: 5.4.4 (Illegal host/domain name found)") is PERMANENT


def test_an_unknown_user_is_believed_if_the_fields_are_complete_or_the_command_is_known() -> None:
    complete = f"Action: failed\nStatus: 5.0.0\nRemote-MTA: dns; mx.example.org\n{UNKNOWN_USER}"
    assert finding(complete) is PERMANENT
    assert (
        finding(complete, "said: 550 No such user here (in reply to end of DATA command)") is SOFT
    )
    scant = f"Action: failed\nStatus: 5.0.0\n{UNKNOWN_USER}"
    assert finding(scant) is SOFT
    assert finding(scant, "said: 550 No such user here (in reply to RCPT TO command)") is PERMANENT


def test_a_refusal_of_data_is_doubted_unless_the_status_is_about_the_address() -> None:
    told = ">>> DATA\n<<< 550 User unknown\n<<< 503 5.0.0 Need RCPT (recipient)"
    for status, expected in (("5.1.1", PERMANENT), ("5.0.0", SOFT), ("5.7.1", SOFT)):
        fields = f"Action: failed\nStatus: {status}\nRemote-MTA: dns; mx\nDiagnostic-Code: smtp; 550 User unknown"
        assert finding(fields, told) is expected


def test_the_text_for_people_is_read_where_the_fields_say_nothing() -> None:
    bare = "Action: failed\nStatus: 5.0.0"
    assert finding(bare, "ana@example.org: 550 5.1.1 User unknown") is PERMANENT
    assert finding(bare, "ana@example.org: 552 5.2.2 Mailbox full") is SOFT


def test_a_short_text_that_says_that_the_mailbox_is_full_or_locked_raises_doubt() -> None:
    fields = "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown"
    assert finding(fields, "Not enough disk space") is SOFT
    assert finding(fields, "The account is disabled.") is SOFT
    assert finding(fields, "The account is disabled. " * 20) is PERMANENT


def test_each_recipient_is_judged_by_what_is_said_about_them() -> None:
    told = "ana@example.org: 550 5.7.1 Denied by policy\nben@example.org: 552 5.2.2 Mailbox full"
    fields = "Action: failed\nStatus: 5.0.0\n\nFinal-Recipient: rfc822; ben@example.org\nAction: failed\nStatus: 5.0.0"
    assert finding(fields, told) is SOFT
    assert (
        finding(fields, told.replace("5.7.1 Denied by policy", "5.1.1 User unknown")) is PERMANENT
    )


def test_recipients_that_no_blank_line_parts_are_told_apart() -> None:
    fields = "Action: failed\nStatus: 5.2.2\nFinal-Recipient: rfc822; ben@example.org\nAction: failed\nStatus: 5.1.1"
    assert finding(fields) is PERMANENT


def test_a_field_that_goes_on_without_being_indented_is_read() -> None:
    fields = (
        "Diagnostic-Code: smtp; 550-Please turn on authentication.\n550-mx [192.0.2.1] is not permitted to\n"
        "550 relay through this server.\nStatus: 5.0.0\nAction: failed"
    )
    assert finding(fields) is SOFT


def test_japanese_that_is_not_declared_is_read() -> None:
    words = "ユーザー は Domino ディレクトリには見つかりません".encode("iso-2022-jp").decode(
        "ascii"
    )
    fields = f"Action: failed\nStatus: 5.0.0\nDiagnostic-Code: X-Notes; {words}"
    assert finding(fields) is PERMANENT


@pytest.mark.parametrize("kind", ["mixed", "related", "alternative", "report"])
def test_status_fields_are_found_in_any_multipart(kind: str) -> None:
    raw = delivery("Action: failed\nStatus: 5.1.1").decode()
    head = "multipart/report; report-type=delivery-status;"
    within = raw.replace(head, f"multipart/{kind};").partition("\n\n")[2]
    outer = f"To: {VERP}\nContent-Type: multipart/mixed; boundary=o\n\n--o\n"
    outer += f"Content-Type: multipart/{kind}; boundary=b1\n\n"
    for each in (raw.replace(head, f"multipart/{kind};"), f"{outer}{within}\n--o--\n"):
        found = read_report(each.encode(), BOUNCES)
        assert found is not None
        assert found.finding is PERMANENT


@pytest.mark.parametrize("kind", ["x-unknown", "feedback-report", "disposition-notification"])
def test_a_wrong_report_type_hides_nothing(kind: str) -> None:
    raw = delivery("Action: failed\nStatus: 5.1.1").replace(
        b"delivery-status; b", f"{kind}; b".encode()
    )
    found = read_report(raw, BOUNCES)
    assert found is not None
    assert found.finding is PERMANENT


def test_fields_that_are_written_into_the_text_are_read() -> None:
    fields = "Action: failed\nFinal-Recipient: rfc822; ana@example.org\nStatus: 5.1.1"
    text = f"Technical report:\n\nReporting-MTA: dns; mx\n{fields}"
    raw = f"From: postmaster@mx.example.org\nTo: {VERP}\nSubject: Delivery failure\n\n{text}\n"
    found = read_report(raw.encode(), BOUNCES)
    assert found is not None
    assert found.finding is PERMANENT


def test_a_read_receipt_is_no_bounce() -> None:
    raw = (
        f"From: ana@example.org\nTo: {VERP}\nSubject: Read: Nine days\nAuto-Submitted: auto-replied\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\n"
        "Your message was read.\n--b\nContent-Type: message/disposition-notification\n\n"
        "Disposition: x; displayed\n--b--\n"
    )
    assert read_report(raw.encode(), BOUNCES) is None


def test_of_several_recipients_an_unknown_user_needs_more_than_complete_fields() -> None:
    complete = f"Action: failed\nStatus: 5.0.0\nRemote-MTA: dns; mx.example.org\n{UNKNOWN_USER}"
    other = "Final-Recipient: rfc822; ben@example.org\nAction: failed\nStatus: 5.2.2"
    assert finding(f"{complete}\n\n{other}") is SOFT
    assert finding(f"{complete.replace('550 No', '550 5.1.1 No')}\n\n{other}") is PERMANENT


def test_powermta_tells_that_the_mailbox_is_bad() -> None:
    fields = "Action: failed\nStatus: 5.2.1\nDiagnostic-Code: smtp;550 5.2.1 User Unknown"
    assert finding(fields) is SOFT
    assert finding(f"{fields}\nX-PowerMTA-BounceCategory: bad-mailbox") is PERMANENT
