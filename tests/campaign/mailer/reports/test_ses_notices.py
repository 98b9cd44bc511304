"""Notices of Amazon SES that Amazon SNS sends by mail."""

import json
from typing import Any

import pytest

from campaign.mailer.bounce_reports import BounceFinding, BounceReport, read_report
from campaign.mailer.reports.ses_notices import ses_notice_in
from tests.support.bounce_reports import BOUNCES, MESSAGE_ID, TOKEN, VERP
from tests.support.plain_reports import notice

MAIL = {"source": VERP, "headers": [{"name": "Message-ID", "value": MESSAGE_ID}]}
UNKNOWN = "smtp; 550 5.1.1 user unknown"
BLOCKED = "smtp; 554 5.7.1 blocked using zen.spamhaus.org"


def bounce(kind: str, subtype: str, **recipient: str) -> dict[str, Any]:
    details = {"bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": [recipient]}
    return {"notificationType": "Bounce", "bounce": details, "mail": MAIL}


def complaint(**details: str) -> dict[str, Any]:
    return {"notificationType": "Complaint", "complaint": details, "mail": MAIL}


def read(payload: object, footer: str = "") -> BounceReport:
    text = json.dumps(payload) + footer
    found = read_report(
        notice(text, sender="no-reply@sns.amazonaws.com", subject="AWS Notification Message"),
        BOUNCES,
    )
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("payload", "finding"),
    [
        (bounce("Permanent", "General", status="5.1.1", diagnosticCode=UNKNOWN), BounceFinding.permanent),
        (bounce("Permanent", "NoEmail"), BounceFinding.permanent),
        (bounce("Permanent", "General", status="5.7.1", diagnosticCode=BLOCKED), BounceFinding.soft),
        (bounce("Permanent", "General"), BounceFinding.soft),
        (bounce("Transient", "MailboxFull", status="5.1.1", diagnosticCode=UNKNOWN), BounceFinding.soft),
        (complaint(complaintFeedbackType="abuse"), BounceFinding.complaint),
        (complaint(), BounceFinding.complaint),
        (complaint(complaintFeedbackType="not-spam"), BounceFinding.nothing),
        ({"eventType": "DeliveryDelay", "mail": MAIL}, BounceFinding.soft),
        ({"notificationType": "Delivery", "mail": MAIL}, BounceFinding.nothing),
    ],
)  # fmt: skip
def test_each_kind_of_notice_is_understood(payload: Any, finding: BounceFinding) -> None:
    for each in (payload, {"Type": "Notification", "Message": json.dumps(payload)}):
        found = read(each, "\n\n--\nTo stop these notifications, visit the link.")
        assert (found.finding, found.tokens, found.message_ids) == (
            finding,
            (TOKEN,),
            (MESSAGE_ID,),
        )


def test_our_message_id_is_read_without_brackets_from_the_common_headers() -> None:
    mail = {"commonHeaders": {"messageId": MESSAGE_ID.strip("<>")}}
    found = ses_notice_in(
        json.dumps({"notificationType": "Complaint", "complaint": {}, "mail": mail})
    )
    assert found is not None
    assert found.message_ids == (MESSAGE_ID,)


@pytest.mark.parametrize(
    "text",
    ["", "{", "{}", "[]", "Dear {", '{"notificationType": 7}', '{"Message": "{"}', '{"a":' * 5000],
)
def test_other_json_is_no_notice(text: str) -> None:
    assert ses_notice_in(text) is None


@pytest.mark.parametrize("odd", [None, 1, "x", [1], {"x": 1}])
def test_odd_values_crash_nothing(odd: object) -> None:
    for kind in ("Bounce", "Complaint"):
        payload = {"notificationType": kind, kind.lower(): odd, "mail": odd}
        assert ses_notice_in(json.dumps(payload)) is not None
