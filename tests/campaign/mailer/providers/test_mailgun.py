"""Events of Mailgun: the signature and its age, and what a failure means."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaign.core.errors import WebhookRefused
from campaign.mailer.provider_events import MailEvent
from campaign.mailer.providers.mailgun import read, split, verify
from tests.support.provider_payloads import READER, mailgun_event, mailgun_request

AT = datetime(2026, 12, 23, tzinfo=UTC)
TOKEN = "A1b2C3d4E5f6G7h8I9j0-_"
KEY = "k" * 32


def only(event: dict[str, Any]) -> MailEvent:
    [item] = split(mailgun_request(event, KEY, AT))
    [found] = read(item, AT)
    return found


def failed(said: str, code: int = 550, **changes: Any) -> MailEvent:
    status = {"code": code, "message": said, "description": ""}
    return only(mailgun_event(**{"delivery-status": status, **changes}))


def test_a_permanent_failure_as_documented() -> None:
    found = only(mailgun_event())
    assert (found.type, found.permanent, found.email) == ("bounce", True, READER)
    assert found.message_id == "unknown@elsewhere.example"
    assert found.occurred_at.replace(microsecond=0) == datetime(2026, 12, 22, 8, 0, 5, tzinfo=UTC)
    assert found.detail == "550 5.1.1 no such user"


def test_a_variable_or_the_envelope_sender_identifies_the_message() -> None:
    assert only(mailgun_event(**{"user-variables": {"campaign_token": TOKEN}})).token == TOKEN
    sender = {"sender": f"bounces+{TOKEN}@mail.harbor-ledger.example"}
    assert only(mailgun_event(envelope=sender)).token == TOKEN


@pytest.mark.parametrize(
    ("said", "code", "permanent"),
    [
        ("5.1.1 user unknown", 550, True),
        ("5.7.1 rejected by policy", 550, False),
        ("Service unavailable; client host blocked using Spamhaus", 554, False),
        ("something that nobody understands", 554, False),
        ("", 554, False),
        ("5.2.2 mailbox full", 552, False),
    ],
)
def test_giving_up_is_permanent_only_if_the_server_spoke_of_the_address(
    said: str, code: int, permanent: bool
) -> None:
    assert failed(said, code).permanent is permanent


def test_a_temporary_failure_and_one_that_grew_too_old_are_not_permanent() -> None:
    assert not failed("5.1.1 no such user", severity="temporary").permanent
    assert not failed("5.1.1 no such user", reason="old").permanent


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("suppress-bounce", "bounce"),
        ("suppress-complaint", "complaint"),
        ("suppress-unsubscribe", "unsubscribe"),
    ],
)
def test_what_mailgun_did_not_try_means_what_the_address_did_before(
    reason: str, meaning: str
) -> None:
    found = failed("Not delivering to previously bounced address", 605, reason=reason)
    assert (found.type, found.permanent) == (meaning, True)


@pytest.mark.parametrize(
    ("kind", "meaning"), [("complained", "complaint"), ("unsubscribed", "unsubscribe")]
)
def test_wishes_of_the_reader(kind: str, meaning: str) -> None:
    assert only(mailgun_event(kind)).type == meaning


@pytest.mark.parametrize("kind", ["delivered", "opened", "clicked", "accepted", "something_new"])
def test_other_events_are_ignored(kind: str) -> None:
    assert read(mailgun_event(kind), AT) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (7, "the body is not an object"),
        ({"signature": {}}, "event-data is not an object"),
    ],
)
def test_a_request_without_an_event_says_so(given: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        split(given)


def test_a_malformed_event_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="it has no event"):
        read({"recipient": READER}, AT)
    with pytest.raises(ValueError, match="it has no severity"):
        read(mailgun_event(severity=None), AT)


def test_a_signature_with_any_of_the_keys_is_accepted() -> None:
    verify(mailgun_request({}, KEY, AT), ["n" * 32, KEY], AT)
    # Mailgun repeats what was not taken for eight hours.
    verify(mailgun_request({}, KEY, AT - timedelta(hours=8)), [KEY], AT)
    verify(mailgun_request({}, KEY, AT + timedelta(minutes=4)), [KEY], AT)


def changed(**signature: Any) -> dict[str, Any]:
    request = mailgun_request({}, KEY, AT)
    return {"signature": {**request["signature"], **signature}}


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (mailgun_request({}, "other" * 8, AT), "signature is wrong"),
        (changed(token="x" * 50), "signature is wrong"),
        (changed(timestamp="1797926406"), "signature is wrong"),
        (changed(signature=""), "signature is wrong"),
        (changed(signature="é"), "signature is wrong"),
        ({"event-data": {}}, "signature is wrong"),
        ([], "signature is wrong"),
        (mailgun_request({}, KEY, AT - timedelta(hours=13)), "too old or in the future"),
        (mailgun_request({}, KEY, AT + timedelta(minutes=6)), "too old or in the future"),
    ],
)
def test_a_wrong_or_old_signature_is_refused(request_: Any, said: str) -> None:
    with pytest.raises(WebhookRefused, match=said):
        verify(request_, [KEY], AT)
