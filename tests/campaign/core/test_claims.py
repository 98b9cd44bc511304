"""Claimed rows: one worker at a time until the lease ends, and a worker whose claim ended notices it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import (
    Column,
    DateTime,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    select,
    text,
    update,
)

from campaign.core.claims import MOMENT, DueRows, LeasedRows
from campaign.runtime.context import Installation

NOW = datetime(2026, 12, 1, tzinfo=UTC)
LEASE, MINUTE = timedelta(minutes=10), timedelta(minutes=1)
TASKS = Table(
    "task",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("state", Text),
    Column("attempts", Integer, server_default="0"),
    Column("next_attempt_at", DateTime(timezone=True)),
    Column("lease_until", DateTime(timezone=True)),
    Column("done_at", DateTime(timezone=True)),
)
QUEUE = LeasedRows(TASKS, queued="queued", claimed="working")


@dataclass(frozen=True)
class Task:
    id: int
    attempts: int


@pytest.fixture(autouse=True)
def _three_tasks(installation: Installation) -> None:
    """Due in the order 2, 1; the third only later."""
    due = {1: NOW - MINUTE, 2: NOW - 2 * MINUTE, 3: NOW + MINUTE}
    with installation.engine.begin() as connection:
        TASKS.create(connection)
        rows = [{"id": n, "state": "queued", "next_attempt_at": at} for n, at in due.items()]
        connection.execute(insert(TASKS), rows)


def claim(installation: Installation, at: datetime, limit: int = 10, *where: Any) -> list[Task]:
    with installation.sessions.begin() as session:
        rows = QUEUE.claim(session, [TASKS.c.id, TASKS.c.attempts], at, LEASE, limit, *where)
        return [Task(*cast("tuple[int, int]", row)) for row in rows]


def row(installation: Installation, number: int) -> Any:
    with installation.sessions() as session:
        return session.execute(select(TASKS).where(TASKS.c.id == number)).one()


def test_due_rows_are_claimed_longest_overdue_first(installation: Installation) -> None:
    assert claim(installation, NOW, 1) == [Task(2, 1)]
    assert claim(installation, NOW) == [Task(1, 1)]
    assert claim(installation, NOW) == []
    found = row(installation, 2)
    assert (found.state, found.lease_until, found.next_attempt_at) == (
        "working", NOW + LEASE, NOW + LEASE,
    )  # fmt: skip


def test_rows_due_at_the_same_time_are_claimed_by_age(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        session.execute(delete(TASKS))
        # Inserted the other way around, so that only the order of the query can be right.
        for number in (3, 2, 1):
            values = {"id": number, "state": "queued", "next_attempt_at": NOW}
            session.execute(insert(TASKS).values(values))
    assert [claim(installation, NOW, 1) for _ in range(3)] == [[Task(n, 1)] for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("state", "due"), [("queued", True), ("working", True), ("done", False), ("failed", False)]
)
def test_only_waiting_rows_and_ended_leases_are_due(
    installation: Installation, state: str, due: bool
) -> None:
    with installation.sessions.begin() as session:
        session.execute(update(TASKS).values(state=state))
    assert bool(claim(installation, NOW)) is due


def test_a_row_is_due_from_its_time_on_and_not_a_moment_before(installation: Installation) -> None:
    at, blink = NOW - 2 * MINUTE, timedelta(microseconds=1)
    assert claim(installation, at - blink) == []
    assert claim(installation, at) == [Task(2, 1)]
    assert claim(installation, at + LEASE - blink, 10, TASKS.c.id == 2) == []
    assert claim(installation, at + LEASE, 10, TASKS.c.id == 2) == [Task(2, 2)]


def test_rows_without_a_lease_wait_in_any_of_their_states(installation: Installation) -> None:
    due = DueRows(TASKS, ["fresh", "again"])
    with installation.sessions.begin() as session:
        for number, state in ((1, "fresh"), (2, "again"), (3, "done")):
            changed = update(TASKS).where(TASKS.c.id == number)
            session.execute(changed.values(state=state, next_attempt_at=NOW))
        assert session.scalars(due.oldest(select(TASKS.c.id), NOW, 10)).all() == [1, 2]


def test_rows_can_be_locked_in_an_order_of_the_callers(installation: Installation) -> None:
    query = select(TASKS.c.id).order_by(TASKS.c.id)
    with installation.sessions() as first, installation.sessions() as second:
        assert first.scalars(QUEUE.lock(query, NOW, 1)).all() == [1]
        assert second.scalars(QUEUE.lock(query, NOW, 5)).all() == [2], "the third is not due"


def test_a_finished_row_is_claimed_no_more_and_keeps_its_attempts(
    installation: Installation,
) -> None:
    (mine,) = claim(installation, NOW, 1)
    with installation.sessions.begin() as session:
        assert QUEUE.finish(session, mine, state="done", done_at=NOW)
    found = row(installation, mine.id)
    assert (found.state, found.attempts, found.done_at, found.lease_until) == ("done", 1, NOW, None)
    assert row(installation, 1).state == "queued", "the others are untouched"
    assert claim(installation, NOW + LEASE, 10, TASKS.c.id == mine.id) == []


def test_only_rows_that_match_are_claimed(installation: Installation) -> None:
    assert claim(installation, NOW, 10, TASKS.c.id == 1) == [Task(1, 1)]


def test_rows_locked_by_another_worker_are_skipped(installation: Installation) -> None:
    with installation.sessions.begin() as session, installation.sessions.begin() as other:
        assert len(QUEUE.claim(session, [TASKS.c.id], NOW, LEASE, 1)) == 1
        other.execute(text("SET LOCAL lock_timeout = '10s'"))
        columns = [TASKS.c.id, TASKS.c.attempts]
        assert [tuple(row) for row in QUEUE.claim(other, columns, NOW, LEASE, 10)] == [(1, 1)]


def test_after_the_lease_another_takes_over_and_the_first_changes_nothing(
    installation: Installation,
) -> None:
    (slow,) = claim(installation, NOW, 1)
    (second,) = claim(installation, NOW + LEASE, 1, TASKS.c.id == slow.id)
    assert second == Task(slow.id, 2)
    done = QUEUE.ours.values(state="done", done_at=MOMENT, lease_until=None)
    with installation.sessions.begin() as session:
        assert not QUEUE.finish(session, slow, state="failed")
        assert not QUEUE.put_back(session, slow, NOW)
        assert not QUEUE.change(session, done, slow, moment=NOW)
        assert QUEUE.change(session, done, second, moment=NOW)
        assert not QUEUE.finish(session, second, state="failed"), "the claim is over"
    found = row(installation, slow.id)
    assert (found.state, found.done_at, found.lease_until) == ("done", NOW, None)


def test_a_requeued_row_is_due_at_the_given_time(installation: Installation) -> None:
    (mine,) = claim(installation, NOW, 1)
    with installation.sessions.begin() as session:
        assert QUEUE.put_back(session, mine, NOW + MINUTE, attempts=mine.attempts - 1)
    found = row(installation, mine.id)
    assert (found.state, found.lease_until, found.attempts) == ("queued", None, 0)
    assert claim(installation, NOW, 10, TASKS.c.id == mine.id) == []
    assert claim(installation, NOW + MINUTE, 10, TASKS.c.id == mine.id) == [Task(mine.id, 1)]


def test_rows_can_be_checked_under_the_lock_before_they_are_claimed(
    installation: Installation,
) -> None:
    with installation.sessions.begin() as session:
        found = session.scalars(QUEUE.oldest(select(TASKS.c.id), NOW, 10)).all()
        assert found == [2, 1]
        QUEUE.take(session, [1], NOW, LEASE)
        QUEUE.take(session, [], NOW, LEASE)
        assert claim(installation, NOW) == [], "both are locked"
    assert claim(installation, NOW) == [Task(2, 1)]
    taken = row(installation, 1)
    assert (taken.state, taken.attempts) == ("working", 1)
    assert (taken.lease_until, taken.next_attempt_at) == (NOW + LEASE, NOW + LEASE)
    assert row(installation, 3).state == "queued"


def test_without_a_lease_the_lock_alone_is_the_claim(installation: Installation) -> None:
    due = DueRows(TASKS, ["queued"])
    query = due.oldest(select(TASKS.c.id), NOW, 1)
    with installation.sessions() as first, installation.sessions() as second:
        assert (first.scalar(query), second.scalar(query)) == (2, 1)
        first.rollback()
        second.rollback()
        assert second.scalar(query) == 2, "a worker that dies gives it back by dying"
