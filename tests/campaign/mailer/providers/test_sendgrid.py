"""Events of SendGrid: the signature over the raw body, and what a bounce or a drop means."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaign.core.errors import WebhookRefused
from campaign.mailer.provider_events import MailEvent
from campaign.mailer.providers.sendgrid import read, split, verify
from tests.support.provider_payloads import (
    READER,
    SendGridSigner,
    sendgrid_bounce,
    sendgrid_event,
)

AT = datetime(2026, 12, 23, tzinfo=UTC)
TOKEN = "A1b2C3d4E5f6G7h8I9j0-_"
BODY = json.dumps([sendgrid_bounce()]).encode()
NAME = "X-Twilio-Email-Event-Webhook"


def only(given: Any) -> MailEvent:
    [item] = split([given])
    [found] = read(item, AT)
    return found


def test_a_bounce_as_documented() -> None:
    found = only(sendgrid_bounce("500 unknown recipient", "5.0.0"))
    assert (found.type, found.permanent, found.email) == ("bounce", True, READER)
    assert found.message_id == "<unknown@elsewhere.example>"
    assert found.occurred_at == datetime(2026, 12, 22, 8, 0, 5, tzinfo=UTC)
    assert found.detail == "5.0.0 500 unknown recipient"


def test_a_custom_argument_identifies_the_message() -> None:
    assert only(sendgrid_bounce(campaign_token=TOKEN)).token == TOKEN
    assert only(sendgrid_bounce(unique_args={"campaign_token": TOKEN})).token == TOKEN


@pytest.mark.parametrize(
    ("event", "permanent"),
    [
        (sendgrid_bounce(), True),
        (sendgrid_bounce("", "", bounce_classification="Invalid Address"), True),
        (sendgrid_bounce("", "", bounce_classification="Unclassified"), False),
        (sendgrid_bounce(bounce_classification="Reputation"), False),
        (sendgrid_bounce(bounce_classification="Content"), False),
        (sendgrid_bounce(bounce_classification="Frequency or Volume Too High"), False),
        (sendgrid_bounce(type="blocked"), False),
        (sendgrid_bounce("550 5.7.1 listed at a blocklist", "5.7.1"), False),
        (sendgrid_bounce("452 4.2.2 full", "4.2.2", bounce_classification="Mailbox Unavailable"), False),
    ],
)  # fmt: skip
def test_only_a_bounce_about_the_address_is_permanent(
    event: dict[str, Any], permanent: bool
) -> None:
    assert only(event).permanent is permanent


def test_a_block_without_a_status_is_a_bounce_too() -> None:
    event = sendgrid_bounce("unable to get mx info", type="blocked")
    del event["status"]
    assert not only(event).permanent


@pytest.mark.parametrize(
    ("reason", "meaning", "permanent"),
    [
        ("Bounced Address", "bounce", True),
        ("Invalid", "bounce", True),
        ("Spam Reporting Address", "complaint", True),
        ("Unsubscribed Address", "unsubscribe", True),
        ("Spam Content", "bounce", False),
        ("Invalid SMTPAPI header", "bounce", False),
        ("Recipient List over Package Quota", "bounce", False),
        ("Something new", "bounce", False),
    ],
)
def test_a_drop_means_what_its_reason_says(reason: str, meaning: str, permanent: bool) -> None:
    found = only(sendgrid_event("dropped", reason=reason))
    assert (found.type, found.permanent) == (meaning, permanent)


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [
        ("spamreport", "complaint"),
        ("unsubscribe", "unsubscribe"),
        ("group_unsubscribe", "unsubscribe"),
    ],
)
def test_wishes_of_the_reader(kind: str, meaning: str) -> None:
    assert only(sendgrid_event(kind)).type == meaning


def test_a_deferral_is_noted() -> None:
    found = only(sendgrid_event("deferred", response="450 4.2.1 later"))
    assert (found.type, found.permanent, found.detail) == ("bounce", False, "450 4.2.1 later")


@pytest.mark.parametrize("kind", ["processed", "delivered", "open", "group_resubscribe", "new"])
def test_other_events_are_ignored(kind: str) -> None:
    assert read(sendgrid_event(kind), AT) == []


def test_a_malformed_request_or_event_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="the body is not a list of events"):
        split({"event": "bounce"})
    with pytest.raises(ValueError, match="the event is not an object"):
        read("bounce", AT)
    with pytest.raises(ValueError, match="it has no event"):
        read({"email": READER}, AT)


def shown(signer: SendGridSigner, at: datetime = AT) -> tuple[str, str]:
    headers = signer.headers(BODY, at)
    return headers[f"{NAME}-Signature"], headers[f"{NAME}-Timestamp"]


def test_a_signature_of_any_of_the_keys_is_accepted() -> None:
    signer = SendGridSigner()
    keys = [SendGridSigner().public_key, signer.public_key]
    verify(BODY, *shown(signer), keys, AT)
    verify(BODY, *shown(signer, AT - timedelta(hours=24)), keys, AT)


def test_a_wrong_or_old_signature_is_refused() -> None:
    signer = SendGridSigner()
    signature, stamp = shown(signer)
    for body, given, at, keys in [
        (BODY + b" ", signature, stamp, [signer.public_key]),
        (BODY, signature, "1797926406", [signer.public_key]),
        (BODY, signature, stamp, [SendGridSigner().public_key]),
        (BODY, "", stamp, [signer.public_key]),
        (BODY, "é", stamp, [signer.public_key]),
        (BODY, signature, stamp, [base64.b64encode(b"no key").decode()]),
    ]:
        with pytest.raises(WebhookRefused, match="signature is wrong"):
            verify(body, given, at, keys, AT)
    with pytest.raises(WebhookRefused, match="too old"):
        verify(BODY, *shown(signer, AT - timedelta(hours=26)), [signer.public_key], AT)
    with pytest.raises(WebhookRefused, match="future"):
        verify(BODY, *shown(signer, AT + timedelta(minutes=6)), [signer.public_key], AT)
