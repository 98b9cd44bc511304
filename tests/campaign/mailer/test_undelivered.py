"""Unfinished and undelivered emails: when they are stuck, and when they may be sent again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.core.errors import NotFound, ResendRefused
from campaign.mailer.undelivered import (
    STUCK_AFTER,
    UndeliveredState,
    failed_ids,
    list_messages,
    resend,
    stuck_by_kind,
)
from campaign.models import OutboxMessage
from campaign.runtime.context import Installation
from tests.support.raw_sql import insert

AT = datetime(2026, 12, 22, 8, tzinfo=UTC)
BLINK = timedelta(microseconds=1)
AN_HOUR_AGO = AT - STUCK_AFTER
Queue = Callable[..., int]


@pytest.fixture
def queue(installation: Installation) -> Queue:
    """Insert a message, by default created and due now; return its id."""
    numbers = iter(range(1, 100))

    def put(kind: str = "receipt", **values: Any) -> int:
        number = next(numbers)
        shown = {"recipient": "ana@example.org", "created_at": AT, "next_attempt_at": AT}
        names = {"kind": kind, "subject_key": str(number), "message_id": f"<{number}>"}
        return insert(installation, OutboxMessage, **{**shown, **names, **values})

    return put


def listed(session: Session, *states: str, kind: str | None = None, limit: int = 50) -> list[int]:
    wanted = [UndeliveredState(state) for state in states]
    return [one.id for one in list_messages(session, AT, wanted, kind, limit)]


@pytest.mark.parametrize(
    ("values", "stuck"),
    [
        ({"next_attempt_at": AN_HOUR_AGO}, True),
        ({"next_attempt_at": AN_HOUR_AGO + BLINK}, False),
        ({"attempts": 1, "created_at": AN_HOUR_AGO}, True),
        ({"attempts": 1, "created_at": AN_HOUR_AGO + BLINK}, False),
        ({"attempts": 0, "created_at": AN_HOUR_AGO}, False),
        ({"attempts": 9, "created_at": AN_HOUR_AGO, "resent_at": AT}, False),
        ({"state": "sending", "lease_until": AT}, True),
        ({"state": "sending", "lease_until": AT + BLINK}, False),
        ({"state": "failed", "attempts": 9, "created_at": AN_HOUR_AGO}, False),
        ({"state": "sent", "sent_at": AT, "next_attempt_at": AN_HOUR_AGO}, False),
    ],
)
def test_a_message_is_stuck_after_an_hour_or_when_its_worker_is_gone(
    session: Session, queue: Queue, values: dict[str, Any], stuck: bool
) -> None:
    number = queue(**values)
    assert listed(session, "stuck") == ([number] if stuck else [])


def test_lists_are_by_state_and_kind_the_oldest_first_and_no_longer_than_asked(
    session: Session, queue: Queue
) -> None:
    late = queue(next_attempt_at=AN_HOUR_AGO)
    failed = queue(state="failed", last_error="550")
    appeal = queue("appeal")
    sent = queue(state="sent", sent_at=AT)
    assert listed(session, "queued") == [late, appeal]
    assert listed(session, "queued", "failed", limit=2) == [late, failed]
    assert listed(session, "stuck", "sent") == [late, sent]
    assert listed(session, "queued", "failed", "stuck", kind="appeal") == [appeal]
    assert listed(session, kind="receipt") == []
    (found,) = list_messages(session, AT, [UndeliveredState.failed], None, 50)
    assert (found.recipient, found.last_error, found.kind) == ("ana@example.org", "550", "receipt")


def test_what_is_stuck_is_counted_by_kind_with_the_oldest_of_each(
    session: Session, queue: Queue
) -> None:
    for kind, hours in (("receipt", 3), ("receipt", 5), ("appeal", 2)):
        queue(kind, created_at=AT - timedelta(hours=hours), next_attempt_at=AN_HOUR_AGO)
    queue("statement")
    found = [tuple(row) for row in session.execute(stuck_by_kind(AT))]
    assert found == [
        ("appeal", 1, AT - timedelta(hours=2)),
        ("receipt", 2, AT - timedelta(hours=5)),
    ]


def test_failed_messages_are_found_of_one_kind_or_of_all(session: Session, queue: Queue) -> None:
    numbers = [queue(kind, state="failed") for kind in ("receipt", "appeal")]
    queue("receipt", state="dropped")
    assert failed_ids(session, None) == numbers
    assert failed_ids(session, "appeal") == numbers[1:]
    assert failed_ids(session, "statement") == []


@pytest.mark.parametrize("values", [{"state": "failed"}, {"state": "sent", "sent_at": AT}])
def test_a_message_about_one_s_own_gift_is_sent_again_under_its_name(
    session: Session, queue: Queue, values: dict[str, Any]
) -> None:
    number = queue(attempts=7, begun_at=AT, **values)
    later = AT + timedelta(days=9)
    row = resend(session, number, later)
    assert (row.state, row.next_attempt_at, row.resent_at) == ("queued", later, later)
    assert (row.sent_at, row.begun_at, row.lease_until) == (None, None, None)
    assert (row.message_id, row.created_at) == ("<1>", AT)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"state": "queued"}, "it is already queued or being sent"),
        ({"state": "sending"}, "it is already queued or being sent"),
        ({"state": "dropped", "last_error": "refunded"}, "it was dropped: refunded"),
        ({"state": "failed", "recipient": ""}, "its address has been erased"),
        ({"state": "failed", "expires_at": AT}, "it has expired"),
        ({"state": "sent", "sent_at": AT, "bulk": True}, "it was sent"),
        ({"state": "failed", "begun_at": AT, "bulk": True}, "it may have arrived"),
    ],
)
def test_what_must_not_be_sent_again_says_why_and_stays_as_it_is(
    session: Session, queue: Queue, values: dict[str, Any], said: str
) -> None:
    number = queue(**values)
    with pytest.raises(ResendRefused) as refused:
        resend(session, number, AT)
    assert str(refused.value).startswith(said)
    row = session.get_one(OutboxMessage, number, populate_existing=True)
    assert (row.state, row.resent_at) == (values["state"], None)


def test_a_campaign_email_that_may_have_arrived_is_resent_only_on_request(
    session: Session, queue: Queue
) -> None:
    values = {"state": "failed", "bulk": True, "expires_at": AT + BLINK}
    never_begun, begun = queue(**values), queue(begun_at=AT, **values)
    arrived = queue(state="sent", sent_at=AT, bulk=True)
    assert resend(session, never_begun, AT).state == "queued"
    assert resend(session, begun, AT, even_if_it_arrived=True).begun_at is None
    with pytest.raises(ResendRefused, match="never sent twice"):
        resend(session, arrived, AT, even_if_it_arrived=True)
    with pytest.raises(NotFound, match="no message 999"):
        resend(session, 999, AT)
