"""Events of Brevo: transactional and marketing webhooks, single and batched."""

from datetime import UTC, datetime
from typing import Any

import pytest

from campaign.mailer.provider_events import MailEvent
from campaign.mailer.providers.brevo import read, split
from tests.support.provider_payloads import READER, brevo_event, brevo_marketing_unsubscribe

AT = datetime(2026, 12, 23, tzinfo=UTC)
TOKEN = "A1b2C3d4E5f6G7h8I9j0-_"


def only(given: Any) -> MailEvent:
    [item] = split(given)
    [found] = read(item, AT)
    return found


def test_a_hard_bounce_as_documented() -> None:
    found = only(brevo_event())
    assert (found.type, found.permanent, found.email) == ("bounce", True, READER)
    assert found.message_id == "<unknown@elsewhere.example>"
    assert found.occurred_at == datetime(2026, 12, 22, 8, 0, 5, tzinfo=UTC)


def test_the_custom_header_identifies_the_message() -> None:
    assert only(brevo_event(**{"X-Mailin-custom": f"campaign_token={TOKEN}"})).token == TOKEN


@pytest.mark.parametrize(
    ("kind", "said", "permanent"),
    [
        ("hard_bounce", "", True),
        ("invalid_email", "", True),
        ("hard_bounce", "554 5.7.1 blocked using a blocklist", False),
        ("soft_bounce", "550 5.1.1 no such user", False),
        ("deferred", "", False),
        ("blocked", "", False),
        ("error", "", False),
    ],
)
def test_only_a_hard_bounce_about_the_address_is_permanent(
    kind: str, said: str, permanent: bool
) -> None:
    found = only(brevo_event(kind, reason=said))
    assert (found.type, found.permanent) == ("bounce", permanent)


def test_wishes_of_the_reader_in_transactional_and_marketing_webhooks() -> None:
    assert only(brevo_event("spam")).type == "complaint"
    assert only(brevo_event("unsubscribed")).type == "unsubscribe"
    found = only(brevo_marketing_unsubscribe())
    assert (found.type, found.email) == ("unsubscribe", READER)


@pytest.mark.parametrize("kind", ["request", "delivered", "unique_opened", "click", "new"])
def test_other_events_are_ignored(kind: str) -> None:
    assert read(brevo_event(kind), AT) == []


def test_a_batched_webhook_is_a_list() -> None:
    assert len(split([brevo_event(), brevo_event("spam")])) == 2


def test_a_malformed_event_says_what_is_wrong() -> None:
    for given, said in [
        (7, "the event is not an object"),
        ({"email": READER}, "it has no event"),
        (brevo_event(email="nobody"), "is not an email address"),
    ]:
        with pytest.raises(ValueError, match=said):
            read(given, AT)
