"""Events of Amazon SES: found by tag, envelope sender or original Message-ID, and judged by what the server said."""

from datetime import UTC, datetime
from typing import Any

import pytest

from campaign.mailer.provider_events import MailEvent
from campaign.mailer.providers.ses import read, split
from tests.support.provider_payloads import (
    READER,
    ses_bounce,
    ses_complaint,
    ses_headers,
    ses_mail,
)

AT = datetime(2026, 12, 23, tzinfo=UTC)
TOKEN = "A1b2C3d4E5f6G7h8I9j0-_"


def only(given: Any) -> MailEvent:
    [item] = split(given)
    [found] = read(item, AT)
    return found


def test_a_bounce_as_documented() -> None:
    found = only(ses_bounce())
    assert (found.type, found.permanent, found.email) == ("bounce", True, READER)
    assert found.occurred_at == datetime(2026, 12, 22, 8, 0, 5, tzinfo=UTC)
    assert found.detail == "General 5.1.1 smtp; 550 5.1.1 no such user"


@pytest.mark.parametrize(
    "mail",
    [
        ses_mail(tags={"ses:operation": ["SendSmtpEmail"], "campaign_token": [TOKEN]}),
        ses_mail(source=f"bounces+{TOKEN}@mail.harbor-ledger.example"),
    ],
)
def test_a_tag_or_the_envelope_sender_identifies_the_message(mail: dict[str, Any]) -> None:
    assert only(ses_bounce(mail=mail)).token == TOKEN


def test_the_original_message_id_identifies_the_message_and_the_one_of_ses_does_not() -> None:
    ours = "<appeal-1@harbor-ledger.example>"
    assert only(ses_bounce(mail=ses_mail())).message_id == ""
    with_headers = ses_mail(**ses_headers(ours))
    assert only(ses_bounce(mail=with_headers)).message_id == ours
    del with_headers["commonHeaders"]
    assert only(ses_bounce(mail=with_headers)).message_id == ours


def test_each_recipient_of_a_bounce_is_an_event() -> None:
    rows = [{"emailAddress": "a@example.org"}, {"emailAddress": "b@example.org"}]
    found = read(ses_bounce(bouncedRecipients=rows), AT)
    assert [each.email for each in found] == ["a@example.org", "b@example.org"]


@pytest.mark.parametrize(
    ("kind", "said", "status", "permanent"),
    [
        ("Permanent", "smtp; 550 5.1.1 user unknown", "5.1.1", True),
        ("Permanent", "", "", True),
        ("Permanent", "smtp; 550 5.7.1 message rejected due to our policy", "5.1.1", False),
        ("Permanent", "smtp; 554 Service unavailable; blocked using zen.spamhaus.org", "", False),
        ("Permanent", "smtp; 552 5.2.2 mailbox full", "5.2.2", False),
        ("Transient", "smtp; 550 5.1.1 user unknown", "5.1.1", False),
        ("Undetermined", "", "", False),
    ],
)
def test_a_permanent_bounce_about_us_is_not_about_the_address(
    kind: str, said: str, status: str, permanent: bool
) -> None:
    row = {"emailAddress": READER, "diagnosticCode": said, "status": status}
    assert only(ses_bounce(bounceType=kind, bouncedRecipients=[row])).permanent is permanent


@pytest.mark.parametrize("subtype", ["Suppressed", "OnAccountSuppressionList"])
def test_an_address_on_the_suppression_list_of_ses_is_permanent(subtype: str) -> None:
    said = "Amazon SES did not send to this address. Policy: it has bounced before."
    assert only(ses_bounce(said, bounceSubType=subtype)).permanent


def test_a_recipient_who_left_a_contact_list_unsubscribed() -> None:
    assert only(ses_bounce(bounceSubType="UnsubscribedRecipient")).type == "unsubscribe"
    change = {
        "contactList": "news",
        "timestamp": "2026-12-22T08:00:00Z",
        "source": "UnsubscribeHeader",
        "newTopicPreferences": {"unsubscribeAll": True, "topicSubscriptionStatus": []},
    }
    mail = ses_mail(tags={"campaign_token": [TOKEN]})
    found = only({"eventType": "Subscription", "mail": mail, "subscription": change})
    assert (found.type, found.token) == ("unsubscribe", TOKEN)


def test_a_complaint_as_documented() -> None:
    found = only(ses_complaint())
    assert (found.type, found.email, found.detail) == ("complaint", READER, "abuse")
    assert only(ses_complaint(complaintFeedbackType=None)).type == "complaint"


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "virus"])
def test_feedback_that_is_no_wish_of_the_reader_is_ignored(kind: str) -> None:
    assert read(ses_complaint(complaintFeedbackType=kind), AT) == []


def test_a_delay_and_a_rejection_are_noted_and_never_permanent() -> None:
    rows = [{"emailAddress": READER, "status": "4.4.1", "diagnosticCode": "smtp; 421 4.4.1 later"}]
    delay = {
        "delayType": "MailboxFull",
        "delayedRecipients": rows,
        "timestamp": "2026-12-22T08:00:00Z",
    }
    found = only({"eventType": "DeliveryDelay", "mail": ses_mail(), "deliveryDelay": delay})
    assert (found.type, found.permanent) == ("bounce", False)
    mail = ses_mail(tags={"campaign_token": [TOKEN]})
    rejected = only({"eventType": "Reject", "mail": mail, "reject": {"reason": "Bad content"}})
    assert (rejected.permanent, rejected.token) == (False, TOKEN)
    assert read({"eventType": "Reject", "mail": ses_mail(), "reject": {}}, AT) == []


@pytest.mark.parametrize("kind", ["Delivery", "Send", "Open", "Click", "SomethingNew"])
def test_other_events_are_ignored(kind: str) -> None:
    assert read({"eventType": kind, "mail": ses_mail()}, AT) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "the notification is not an object"),
        ({}, "it has no notificationType or eventType"),
        ({"notificationType": "Bounce"}, "mail is not an object"),
        ({"notificationType": "Bounce", "mail": ses_mail()}, "bounce is not an object"),
        (ses_bounce(bouncedRecipients=[]), "bouncedRecipients is empty"),
        (ses_bounce(bouncedRecipients=[7]), "a row of bouncedRecipients is not an object"),
        (ses_bounce(bouncedRecipients=[{"emailAddress": "nobody"}]), "is not an email address"),
        (ses_bounce(bouncedRecipients=[{}]), "neither a message of ours nor a recipient"),
        (ses_bounce(bounceType=None), "it has no bounceType"),
    ],
)
def test_a_malformed_event_says_what_is_wrong(given: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(given, AT)
