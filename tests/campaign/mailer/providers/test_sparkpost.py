"""Events of SparkPost: batches, bounce classes by meaning."""

from datetime import UTC, datetime
from typing import Any

import pytest

from campaign.mailer.provider_events import MailEvent
from campaign.mailer.providers.sparkpost import read, split
from tests.support.provider_payloads import READER, sparkpost_event

AT = datetime(2026, 12, 23, tzinfo=UTC)
TOKEN = "A1b2C3d4E5f6G7h8I9j0-_"


def only(given: Any) -> MailEvent:
    [item] = split([given])
    [found] = read(item, AT)
    return found


def test_a_bounce_as_documented_is_found_by_its_metadata() -> None:
    found = only(sparkpost_event(rcpt_meta={"campaign_token": TOKEN}))
    assert (found.type, found.permanent, found.email, found.token) == (
        "bounce",
        True,
        READER,
        TOKEN,
    )
    assert found.occurred_at == datetime(2026, 12, 22, 8, 0, 5, tzinfo=UTC)
    assert found.detail == "550 550 5.1.1 no such user"
    sender = f"bounces+{TOKEN}@mail.harbor-ledger.example"
    assert only(sparkpost_event(msg_from=sender)).token == TOKEN


@pytest.mark.parametrize(
    ("reason_class", "said", "permanent"),
    [
        ("10", "550 5.1.1 no such user", True),
        ("30", "", True),
        ("10", "550 5.7.1 policy", False),
        *[
            (each, "550 5.1.1 no such user", False)
            for each in ("1", "20", "21", "22", "23", "24", "25", "40", "50", "51", "52", "54", "70")
        ],
        ("25", "554 Recipient address was suppressed due to customer policy", False),
    ],
)  # fmt: skip
def test_only_an_invalid_recipient_is_permanent(
    reason_class: str, said: str, permanent: bool
) -> None:
    found = only(sparkpost_event(bounce_class=reason_class, raw_reason=said, reason=said))
    assert (found.type, found.permanent) == ("bounce", permanent)


@pytest.mark.parametrize("kind", ["delay", "policy_rejection", "generation_failure"])
def test_what_never_reached_the_server_is_not_permanent(kind: str) -> None:
    assert not only(sparkpost_event(kind)).permanent


def test_an_asynchronous_bounce_is_one() -> None:
    assert only(sparkpost_event("out_of_band")).permanent


@pytest.mark.parametrize(
    ("event", "meaning"),
    [
        (sparkpost_event("spam_complaint"), "complaint"),
        (sparkpost_event("list_unsubscribe", "unsubscribe_event"), "unsubscribe"),
        (sparkpost_event("link_unsubscribe", "unsubscribe_event"), "unsubscribe"),
        (sparkpost_event(bounce_class="90"), "unsubscribe"),
    ],
)
def test_wishes_of_the_reader(event: Any, meaning: str) -> None:
    assert only(event).type == meaning


@pytest.mark.parametrize(
    "event",
    [
        {"msys": {}},
        sparkpost_event("delivery"),
        sparkpost_event("open", "track_event"),
        sparkpost_event("something_new"),
        sparkpost_event(bounce_class="60"),
    ],
)
def test_other_events_automatic_replies_and_the_empty_test_are_ignored(event: Any) -> None:
    assert read(event, AT) == []


def test_a_malformed_request_or_event_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="the body is not a list of events"):
        split({"msys": {}})
    for given, said in [
        (7, "the event is not an object"),
        ({}, "msys is not an object"),
        ({"msys": {"message_event": 7}}, "the event in msys is not an object"),
        ({"msys": {"message_event": {}}}, "it has no type"),
        (sparkpost_event(rcpt_to="", raw_rcpt_to=""), "neither a message of ours nor"),
    ]:
        with pytest.raises(ValueError, match=said):
            read(given, AT)
