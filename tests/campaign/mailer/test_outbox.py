"""The outbox: claims, leases and the record of each attempt."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.mailer.outbox import (
    BACKOFF,
    LEASE,
    TIME_FOR_A_BATCH,
    EmailClaim,
    claim_messages,
    due,
    mark_delayed,
    mark_dropped,
    mark_refused,
    mark_sent,
    reclaim,
    release,
)
from campaign.mailer.smtp import TIMEOUT
from campaign.models import OutboxMessage
from campaign.runtime.context import Installation
from tests.support.raw_sql import insert

AT = datetime(2026, 12, 22, 8, tzinfo=UTC)
BLINK = timedelta(microseconds=1)
DAY = timedelta(days=1)
Queue = Callable[..., int]


@pytest.fixture
def queue(installation: Installation) -> Queue:
    """Insert a message, by default created and due now; return its id."""
    numbers = iter(range(1, 100))

    def put(**values: Any) -> int:
        number = next(numbers)
        shown = {"recipient": "ana@example.org", "created_at": AT, "next_attempt_at": AT}
        names = {"kind": "receipt", "subject_key": str(number), "message_id": f"<{number}>"}
        return insert(installation, OutboxMessage, **{**shown, **names, **values})

    return put


def claim(session: Session, at: datetime = AT) -> EmailClaim:
    (found,) = claim_messages(session, at, 10)
    return found


def row(session: Session) -> OutboxMessage:
    """The only message, as it is stored."""
    return session.scalars(select(OutboxMessage).execution_options(populate_existing=True)).one()


def test_the_longest_due_is_claimed_first_bulk_mail_and_what_is_not_due_never(
    session: Session, queue: Queue
) -> None:
    second, first = queue(), queue(next_attempt_at=AT - BLINK)
    third = queue()
    queue(next_attempt_at=AT + BLINK)
    bulk = queue(bulk=True)
    queue(state="failed")
    claims = claim_messages(session, AT, 2)
    assert {one.id for one in claims} == {first, second}
    assert [one.id for one in claim_messages(session, AT, 10)] == [third]
    waiting = select(OutboxMessage.id).where(due(AT, bulk=True))
    assert session.scalars(waiting).all() == [bulk]


def test_a_claim_lasts_until_its_lease_ends_and_a_lost_claim_changes_nothing(
    session: Session, queue: Queue
) -> None:
    queue()
    first = claim(session)
    assert claim_messages(session, AT + LEASE - BLINK, 10) == []
    second = claim(session, AT + LEASE)
    assert (second.id, second.attempts, second.message_id) == (first.id, 2, first.message_id)
    assert not mark_sent(session, first, AT + LEASE)
    assert not mark_refused(session, first, "550")
    assert not mark_dropped(session, first, "refunded")
    assert (row(session).state, row(session).last_error) == ("sending", None)
    assert mark_sent(session, second, AT + LEASE)
    assert (row(session).state, row(session).sent_at) == ("sent", AT + LEASE)


def test_a_refusal_can_be_undone_until_staff_send_the_message_again(
    session: Session, queue: Queue
) -> None:
    queue()
    refused = claim(session)
    mark_refused(session, refused, "550")
    assert reclaim(session, refused)
    mark_delayed(session, refused, "550", AT, apart=timedelta(minutes=2))
    assert row(session).next_attempt_at == AT + timedelta(seconds=150)
    assert not reclaim(session, refused), "it is queued"
    mark_refused(session, claim(session, AT + DAY), "550")
    assert not reclaim(session, refused), "it was tried again meanwhile"


def test_two_workers_at_once_never_get_the_same(installation: Installation, queue: Queue) -> None:
    numbers = [queue(), queue()]
    with installation.sessions() as one, installation.sessions() as other:
        claims = [*claim_messages(one, AT, 1), *claim_messages(other, AT, 5)]
    assert [found.id for found in claims] == numbers


def test_a_try_that_failed_is_made_again_after_the_wait(session: Session, queue: Queue) -> None:
    queue(begun_at=AT)
    assert not mark_delayed(session, claim(session), "x" * 1001, AT)
    found = row(session)
    assert (found.state, found.attempts, found.begun_at) == ("queued", 1, None)
    assert (found.lease_until, found.last_error) == (None, "x" * 1000)
    assert found.next_attempt_at == AT + timedelta(seconds=30)
    again = claim(session, found.next_attempt_at)
    mark_delayed(session, again, "450", AT)
    assert row(session).next_attempt_at == AT + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("values", "offset", "state"),
    [
        ({"created_at": AT - DAY}, timedelta(hours=-2), "queued"),
        ({"created_at": AT - DAY}, timedelta(0), "failed"),
        ({"created_at": AT - 9 * DAY, "resent_at": AT}, timedelta(0), "queued"),
        ({"expires_at": AT + BACKOFF.wait(1)}, timedelta(0), "dropped"),
        ({"expires_at": AT + BACKOFF.wait(1) + BLINK}, timedelta(0), "queued"),
    ],
)
def test_it_is_tried_for_a_day_from_when_it_was_asked_for_and_never_past_its_expiry(
    session: Session, queue: Queue, values: dict[str, Any], offset: timedelta, state: str
) -> None:
    queue(next_attempt_at=AT - DAY, **values)
    over = mark_delayed(session, claim(session), "450 busy", AT + offset)
    assert over is (state != "queued")
    assert row(session).state == state
    assert (row(session).last_error or "").endswith("450 busy")


def test_a_released_message_is_as_if_never_claimed(session: Session, queue: Queue) -> None:
    queue(last_error="450 busy", attempts=3)
    claims = claim_messages(session, AT, 10)
    release(session, claims, AT + timedelta(minutes=1))
    found = row(session)
    assert (found.state, found.attempts, found.lease_until) == ("queued", 3, None)
    assert (found.next_attempt_at, found.last_error) == (AT + timedelta(minutes=1), "450 busy")


def test_a_message_that_is_sent_keeps_nothing_of_earlier_attempts(
    session: Session, queue: Queue
) -> None:
    queue(last_error="450 busy")
    assert mark_sent(session, claim(session), AT + BLINK)
    found = row(session)
    assert (found.state, found.sent_at, found.last_error) == ("sent", AT + BLINK, None)
    assert (found.lease_until, found.attempts) == (None, 1)
    assert claim_messages(session, AT + 9 * DAY, 10) == []


@pytest.mark.parametrize(("mark", "state"), [(mark_refused, "failed"), (mark_dropped, "dropped")])
def test_a_message_that_is_closed_says_why_and_is_not_claimed_again(
    session: Session, queue: Queue, mark: Callable[..., bool], state: str
) -> None:
    queue(begun_at=AT)
    assert mark(session, claim(session), "y" * 1001)
    found = row(session)
    assert (found.state, found.last_error, found.begun_at) == (state, "y" * 1000, None)
    assert (found.lease_until, found.sent_at) == (None, None)
    assert claim_messages(session, AT + 9 * DAY, 10) == []


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(0, 0.5), (1, 1), (2, 2), (6, 32), (7, 60), (8, 60), (23, 60)]
)
def test_the_wait_doubles_from_half_a_minute_up_to_an_hour(
    session: Session, queue: Queue, attempts: int, minutes: float
) -> None:
    queue(attempts=attempts)
    mark_delayed(session, claim(session), "450 busy", AT)
    assert row(session).next_attempt_at == AT + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"created_at": AT - DAY}, "given up after a day: 450 busy"),
        ({"expires_at": AT}, "expires before the next attempt: 450 busy"),
    ],
)
def test_what_is_not_tried_again_says_why(
    session: Session, queue: Queue, values: dict[str, Any], said: str
) -> None:
    queue(**values)
    assert mark_delayed(session, claim(session), "450 busy", AT)
    assert row(session).last_error == said


def test_a_claim_has_every_column_that_sending_needs(session: Session, queue: Queue) -> None:
    queue(name="Ana", locale="es", timezone="Europe/Madrid", details={"year": 2026}, expires_at=AT)
    found, stored = claim(session), row(session)
    names = (
        "id", "kind", "subject_key", "recipient", "name", "locale", "timezone", "token", "details",
        "bulk", "expires_at", "message_id", "attempts", "receipt_id", "campaign_id", "step_id",
    )  # fmt: skip
    assert [getattr(found, name) for name in names] == [getattr(stored, name) for name in names]
    assert (found.name, found.locale, found.timezone) == ("Ana", "es", "Europe/Madrid")
    assert (found.details, found.attempts, stored.state) == ({"year": 2026}, 1, "sending")
    assert stored.lease_until == stored.next_attempt_at == AT + LEASE


def test_a_lost_claim_is_neither_released_nor_postponed(session: Session, queue: Queue) -> None:
    queue()
    slow = claim(session)
    second = claim(session, AT + LEASE)
    release(session, [slow], AT)
    mark_delayed(session, slow, "450 busy", AT)
    found = row(session)
    assert (found.state, found.attempts, found.last_error) == ("sending", second.attempts, None)
    assert found.lease_until == AT + 2 * LEASE


def test_no_message_is_still_being_sent_when_its_lease_ends() -> None:
    """A batch starts no message late, and the mail server has a minute or so for each reply of the last one."""
    replies = 6
    assert timedelta(0) < TIME_FOR_A_BATCH <= LEASE - timedelta(seconds=replies * TIMEOUT)
