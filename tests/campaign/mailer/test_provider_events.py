"""Events of a mail provider: validated strictly and safe to repeat."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.mailer.provider_events import MailEvent, apply_event, bracketed, read_event
from campaign.models import Campaign, OutboxMessage, Suppression
from campaign.runtime.context import Installation
from tests.support.campaign_emails import messages, queue_appeals

AT = datetime(2026, 12, 22, 8, tzinfo=UTC)
BOUNCE = {"type": "bounce", "permanent": True, "email": "Ana@Example.org"}
COMPLAINT = {"type": "complaint", "email": "ana@example.org"}


@pytest.fixture
def appeal(installation: Installation, campaign: Campaign) -> OutboxMessage:
    """An appeal to Ana in the outbox."""
    queue_appeals(installation, campaign, "ana@example.org")
    return messages(installation)[0]


def apply(session: Session, **shown: Any) -> bool:
    return apply_event(session, read_event(shown, AT))


def suppressions(session: Session) -> list[tuple[str, str, str]]:
    query = select(Suppression).order_by(Suppression.email)
    return [(row.email, row.reason, row.detail) for row in session.scalars(query)]


def test_an_event_is_read_with_its_moment_and_on_one_line() -> None:
    shown = BOUNCE | {
        "detail": " 550\r\n no  such user ",
        "occurred_at": "2026-12-24T10:00:00+02:00",
    }
    found = read_event(shown, AT)
    assert (found.type, found.permanent, found.email) == ("bounce", True, "Ana@example.org")
    assert found.detail == "550 no such user"
    assert found.occurred_at == datetime(2026, 12, 24, 10, tzinfo=timezone(timedelta(hours=2)))
    assert (found.message_id, found.token) == ("", "")
    assert read_event(BOUNCE, AT).occurred_at == AT


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (None, "it is not an object"),
        ([BOUNCE], "it is not an object"),
        (BOUNCE | {"type": "opened"}, "type must be bounce or complaint"),
        (BOUNCE | {"type": {}}, "type must be bounce or complaint"),
        ({"type": "bounce", "email": "a@example.org"}, "permanent must be true or false"),
        (BOUNCE | {"permanent": 1}, "permanent must be true or false"),
        (COMPLAINT | {"permanent": None}, "permanent must be true or false"),
        (
            {"type": "complaint", "email": "", "token": None},
            "it needs an email, message_id or token",
        ),
        (COMPLAINT | {"token": ["x"]}, "token must be text"),
        (COMPLAINT | {"detail": "x" * 2001}, "detail must be text of at most 2,000 characters"),
        (COMPLAINT | {"message_id": "a\0b"}, "message_id must be text"),
        (COMPLAINT | {"occurred_at": "2026-12-24T10:00:00"}, "a time with an offset"),
        (COMPLAINT | {"occurred_at": 1_797_926_400}, "a time with an offset"),
        (COMPLAINT | {"email": "nobody"}, "'nobody' is not an email address"),
    ],
)
def test_an_event_that_is_none_says_what_is_wrong(shown: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_event(shown, AT)


def test_a_complaint_need_not_say_that_it_is_for_good_and_a_detail_may_be_long() -> None:
    assert read_event(COMPLAINT, AT).permanent
    assert len(read_event(COMPLAINT | {"detail": "x" * 2000}, AT).detail) == 2000


def test_an_event_that_names_our_message_is_applied_to_it_any_number_of_times(
    session: Session, appeal: OutboxMessage
) -> None:
    shown = {"type": "bounce", "permanent": True, "token": appeal.token}
    for moment in ("2026-12-24T10:00:00Z", "2026-12-25T10:00:00Z"):
        assert apply(session, **shown, detail="550 5.1.1", occurred_at=moment)
    row = session.get_one(OutboxMessage, appeal.id, populate_existing=True)
    assert row.bounced_at == datetime(2026, 12, 24, 10, tzinfo=UTC)
    assert suppressions(session) == [("ana@example.org", "bounced", "550 5.1.1")]


def test_a_message_takes_precedence_over_the_address_in_the_event(
    session: Session, appeal: OutboxMessage
) -> None:
    shown = {"type": "complaint", "message_id": appeal.message_id, "email": "ben@example.org"}
    assert apply(session, **shown)
    assert [email for email, _, _ in suppressions(session)] == ["ana@example.org"]


def test_an_address_alone_is_suppressed_for_good_reasons_only(session: Session) -> None:
    assert apply(session, type="bounce", permanent=False, email="soft@example.org")
    assert apply(session, type="bounce", permanent=True, email="Gone@example.org", detail="x" * 600)
    assert apply(session, type="complaint", permanent=False, email="spam@example.org")
    assert suppressions(session) == [
        ("gone@example.org", "bounced", "x" * 500),
        ("spam@example.org", "complained", ""),
    ]


def test_an_unknown_recipient_is_reported_back(session: Session) -> None:
    assert not apply(session, type="complaint", token="of-nobody")
    assert not apply(session, type="bounce", permanent=True, message_id="<x@example.org>")
    assert apply(session, type="complaint", token="of-nobody", email="ana@example.org")
    assert [email for email, _, _ in suppressions(session)] == ["ana@example.org"]


def test_a_passing_bounce_of_our_message_is_noted_and_suppresses_nobody(
    session: Session, appeal: OutboxMessage
) -> None:
    soft = {"type": "bounce", "permanent": False, "token": appeal.token}
    assert apply(session, **soft, detail="452 4.2.2 full")
    row = session.get_one(OutboxMessage, appeal.id, populate_existing=True)
    assert (row.bounce, row.bounced_at) == ("452 4.2.2 full", None)
    assert suppressions(session) == []


def test_a_complaint_about_our_message_is_no_bounce_of_it(
    session: Session, appeal: OutboxMessage
) -> None:
    moment = "2026-12-24T10:00:00Z"
    shown = {"type": "complaint", "token": appeal.token, "permanent": False}
    assert apply(session, **shown, detail="abuse", occurred_at=moment)
    row = session.get_one(OutboxMessage, appeal.id, populate_existing=True)
    assert (row.bounce, row.bounced_at) == (None, None)
    assert suppressions(session) == [("ana@example.org", "complained", "2026-12-24: abuse")]


def test_a_token_is_believed_before_a_message_id(
    session: Session, installation: Installation, campaign: Campaign, appeal: OutboxMessage
) -> None:
    queue_appeals(installation, campaign, "ben@example.org")
    other = messages(installation)[1]
    shown = {"type": "complaint", "token": appeal.token, "message_id": other.message_id}
    assert apply(session, **shown)
    assert [email for email, _, _ in suppressions(session)] == ["ana@example.org"]


def unsubscribed(**named: str) -> MailEvent:
    given = {"email": "", "message_id": "", "token": "", **named}
    return MailEvent("unsubscribe", permanent=True, occurred_at=AT, detail="", **given)


def test_an_unsubscribe_at_the_provider_counts_for_all_campaigns(
    session: Session, appeal: OutboxMessage
) -> None:
    for _ in range(2):
        assert apply_event(session, unsubscribed(token=appeal.token))
    assert apply_event(session, unsubscribed(email="Ben@example.org"))
    assert not apply_event(session, unsubscribed(token="of-nobody"))
    assert suppressions(session) == [
        ("ana@example.org", "unsubscribed", ""),
        ("ben@example.org", "unsubscribed", ""),
    ]
    row = session.get_one(OutboxMessage, appeal.id, populate_existing=True)
    assert (row.bounce, row.bounced_at) == (None, None)


def test_an_unsubscribe_of_an_erased_recipient_suppresses_nobody(
    session: Session, appeal: OutboxMessage
) -> None:
    session.get_one(OutboxMessage, appeal.id).recipient = ""
    session.flush()
    assert apply_event(session, unsubscribed(token=appeal.token, email="x@example.org"))
    assert suppressions(session) == []


def test_a_message_id_is_found_with_and_without_its_brackets(
    session: Session, appeal: OutboxMessage
) -> None:
    bare = appeal.message_id.strip("<>")
    for shown in (bare, f"<{bare}>", f" {bare} "):
        assert apply(session, type="bounce", permanent=False, message_id=shown, detail=shown[:3])
    assert bracketed("a@b") == bracketed("<a@b>") == "<a@b>"
