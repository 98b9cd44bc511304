"""Events of Postmark: bounce types by meaning, complaints, and changes of a subscription."""

from datetime import UTC, datetime
from typing import Any

import pytest

from campaign.mailer.provider_events import MailEvent
from campaign.mailer.providers.postmark import read, split
from tests.support.provider_payloads import (
    READER,
    postmark_bounce,
    postmark_change,
    postmark_complaint,
)

AT = datetime(2026, 12, 23, tzinfo=UTC)
TOKEN = "A1b2C3d4E5f6G7h8I9j0-_"


def only(given: Any) -> MailEvent:
    [item] = split(given)
    [found] = read(item, AT)
    return found


def test_a_hard_bounce_as_documented_is_found_by_its_metadata() -> None:
    found = only(postmark_bounce(Metadata={"campaign_token": TOKEN}))
    assert (found.type, found.permanent, found.email, found.token) == (
        "bounce",
        True,
        READER,
        TOKEN,
    )
    assert found.occurred_at.replace(microsecond=0) == datetime(2026, 12, 22, 8, 0, 5, tzinfo=UTC)
    assert found.detail == "HardBounce smtp;550 5.1.1 no such user"
    # Header names come back in whatever case they went out.
    assert only(postmark_bounce(Metadata={"Campaign-Token": TOKEN})).token == TOKEN


@pytest.mark.parametrize(
    ("kind", "said", "permanent"),
    [
        ("HardBounce", "", True),
        ("BadEmailAddress", "", True),
        ("HardBounce", "smtp;550 5.7.1 blocked by policy", False),
        ("Blocked", "smtp;550 5.1.1 no such user", False),
        ("SoftBounce", "smtp;452 4.2.2 full", False),
        ("Transient", "", False),
        ("DMARCPolicy", "", False),
        ("SpamNotification", "", False),
        ("Unknown", "", False),
    ],
)
def test_only_a_hard_bounce_about_the_address_is_permanent(
    kind: str, said: str, permanent: bool
) -> None:
    found = only(postmark_bounce(kind, Details=said))
    assert (found.type, found.permanent) == ("bounce", permanent)


@pytest.mark.parametrize("kind", ["AutoResponder", "AddressChange", "Subscribe", "NewKind"])
def test_a_reply_is_no_bounce(kind: str) -> None:
    assert read(postmark_bounce(kind), AT) == []


def test_a_complaint_and_an_unsubscribe_request_are_told_apart() -> None:
    assert only(postmark_complaint()).type == "complaint"
    assert only(postmark_bounce("Unsubscribe")).type == "unsubscribe"


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("ManualSuppression", "unsubscribe"),
        ("HardBounce", "bounce"),
        ("SpamComplaint", "complaint"),
    ],
)
def test_a_suppression_at_postmark_says_why(reason: str, meaning: str) -> None:
    found = only(postmark_change(reason))
    assert (found.type, found.email, found.permanent) == (meaning, READER, True)


def test_a_reactivation_at_postmark_lifts_nothing_here() -> None:
    assert read(postmark_change(SuppressSending=False, SuppressionReason=None), AT) == []
    assert read(postmark_change("SomethingNew"), AT) == []


@pytest.mark.parametrize("record", ["Delivery", "Open", "Click", "SomethingNew"])
def test_other_events_are_ignored(record: str) -> None:
    assert read({"RecordType": record, "Recipient": READER}, AT) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("text", "the event is not an object"),
        ({"Email": READER}, "it has no RecordType or Type"),
        (postmark_bounce(Email="nobody"), "is not an email address"),
        (postmark_bounce(Email=None), "neither a message of ours nor a recipient"),
        (postmark_change(SuppressionReason=None), "it has no SuppressionReason"),
    ],
)
def test_a_malformed_event_says_what_is_wrong(given: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(given, AT)
