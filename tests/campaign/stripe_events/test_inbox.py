"""The inbox: an event is stored once, claimed by one worker when due, and given up after its attempts."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.core.errors import FactMismatch, NotFound
from campaign.gateway import read_event
from campaign.models import InboxEvent
from campaign.runtime.context import Installation
from campaign.stripe_events.inbox import (
    claim_event,
    fail_event,
    finish_event,
    lock_event,
    store_event,
)
from campaign.stripe_events.process import apply_due_events
from tests.support.ledger import payment_summary
from tests.support.stripe import Facts, event

Give = Callable[..., Facts]
Store = Callable[..., None]
AT = now() + timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)


def put(installation: Installation, *names: str) -> None:
    """Store events with these ids, all due at AT."""
    for name in names:
        body = json.dumps({**event("any", {"id": "x"}), "id": name}).encode()
        with installation.sessions.begin() as session:
            store_event(session, read_event(body), body)
            session.get_one(InboxEvent, name).next_attempt_at = AT


def read(installation: Installation, name: str = "evt_1") -> InboxEvent:
    with installation.sessions() as session:
        return session.get_one(InboxEvent, name)


def fail(installation: Installation, error: str = "down", name: str = "evt_1") -> str | None:
    with installation.sessions.begin() as session:
        return fail_event(session, name, FactMismatch(error), AT)


def test_a_failing_event_is_given_up_and_delays_no_other(
    installation: Installation, give: Give, store: Store
) -> None:
    bad, good = give(), give(email="ben@example.org")
    broken = bad.completed(amount_total=1)
    store(broken)
    for _ in range(12):
        with installation.sessions.begin() as session:
            session.get_one(InboxEvent, broken["id"]).next_attempt_at = bad.donation.created_at
        apply_due_events(installation)
    store(good.completed())
    apply_due_events(installation)
    assert payment_summary(installation, good) == ("paid", 2500, 1, 1)
    with installation.sessions() as session:
        stored = session.get_one(InboxEvent, broken["id"])
    assert (stored.state, stored.attempts) == ("given_up", 12)


def test_a_second_delivery_is_not_stored(
    installation: Installation,
) -> None:
    stored = []
    for body in (b'{"first": 1}', b'{"second": 2}'):
        found = read_event(json.dumps({**event("any", {}), "id": "evt_1"}).encode())
        with installation.sessions.begin() as session:
            stored.append(store_event(session, found, body))
    assert stored == [True, False]
    assert (read(installation).body, read(installation).state) == (b'{"first": 1}', "received")


def test_due_events_are_claimed_longest_due_first(
    installation: Installation,
) -> None:
    put(installation, "evt_b", "evt_a", "evt_c")
    with installation.sessions.begin() as session:
        session.get_one(InboxEvent, "evt_c").next_attempt_at = AT - MICROSECOND

    def claimed(at: datetime) -> str | None:
        with installation.sessions.begin() as session:
            found = claim_event(session, at)
            if found is None:
                return None
            finish_event(found, applied=True, note="", at=at)
            return found.id

    assert claimed(AT - 2 * MICROSECOND) is None
    assert [claimed(AT) for _ in range(4)] == ["evt_c", "evt_a", "evt_b", None]


def test_a_claimed_event_is_skipped_until_its_worker_dies(
    installation: Installation,
) -> None:
    put(installation, "evt_1", "evt_2")

    def claimed(session: Session) -> str | None:
        found = claim_event(session, AT)
        return found.id if found else None

    with installation.sessions() as first, installation.sessions() as second:
        assert [claimed(first), claimed(second)] == ["evt_1", "evt_2"]
        with installation.sessions() as third:
            assert claimed(third) is None
        first.rollback()
        with installation.sessions() as third:
            assert claimed(third) == "evt_1"


def test_backoff_doubles_up_to_an_hour_until_the_event_is_given_up(
    installation: Installation,
) -> None:
    put(installation, "evt_1")
    waits = []
    for number in range(1, 13):
        state = fail(installation)
        waits.append((read(installation).next_attempt_at - AT).total_seconds())
        assert state == ("given_up" if number == 12 else "failed")
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
    assert read(installation).attempts == 12
    with installation.sessions() as session:
        assert claim_event(session, AT + timedelta(hours=2)) is None
    assert fail(installation) is None
    assert read(installation).attempts == 12


def test_an_event_that_another_worker_finished_meanwhile_does_not_fail(
    installation: Installation,
) -> None:
    put(installation, "evt_1")
    with installation.sessions.begin() as session:
        finish_event(lock_event(session, "evt_1"), applied=False, note="nobody's", at=AT)
    assert fail(installation) is None
    assert fail(installation, name="evt_unknown") is None
    found = read(installation)
    assert (found.state, found.note, found.last_error, found.attempts) == (
        "ignored",
        "nobody's",
        None,
        0,
    )


def test_a_long_error_is_truncated_and_cleared_once_the_event_is_done(
    installation: Installation,
) -> None:
    put(installation, "evt_1")
    fail(installation, "x" * 2001)
    assert read(installation).last_error == f"FactMismatch: {'x' * 1986}"
    with installation.sessions.begin() as session:
        finish_event(lock_event(session, "evt_1"), applied=True, note="paid", at=AT)
    found = read(installation)
    assert (found.state, found.last_error, found.finished_at) == ("done", None, AT)


def test_an_event_that_is_not_stored_cannot_be_applied_again(installation: Installation) -> None:
    with (
        pytest.raises(NotFound, match="No event 'evt_none' is stored here"),
        installation.sessions.begin() as session,
    ):
        lock_event(session, "evt_none")


def test_two_workers_claim_different_events_and_a_third_gets_none_at_once(
    installation: Installation,
) -> None:
    """None waits for another: an event that takes long would hold up all others."""
    put(installation, "evt_1", "evt_2")
    with (
        installation.sessions() as first,
        installation.sessions() as second,
        installation.sessions() as third,
    ):
        for session in (first, second, third):
            session.execute(text("SET LOCAL lock_timeout = '10s'"))
        claimed = [claim_event(session, AT) for session in (first, second, third)]
        assert [one.id if one else None for one in claimed] == ["evt_1", "evt_2", None]
        second.rollback()
        given_back = claim_event(third, AT)
        assert given_back is not None
        assert given_back.id == "evt_2", "a worker that dies gives it back"
