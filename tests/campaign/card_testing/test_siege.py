"""Sieges: begun by staff or by an attack, one at a time, and ended without anybody having to remember."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.card_testing import siege
from campaign.card_testing.policy import LevelCounts
from campaign.core.errors import StaffRefused
from campaign.models import AttemptCount, AuditEntry, Siege, SiegeScope, StaffRole
from campaign.runtime.context import Installation

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)
COUNTS = LevelCounts(unpaid=1_000, paid=3, declined=50)


def count(session: Session, at: datetime, attempts: int, held: int) -> None:
    session.add(AttemptCount(minute=at, attempts=attempts, held=held))
    session.flush()


def actions(session: Session) -> list[tuple[str, str]]:
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(one.actor, one.action) for one in entries]


def test_staff_begin_and_end_a_siege_and_both_are_in_the_activity(session: Session) -> None:
    assert not siege.covers(session, honest=True)
    begun = siege.begin_siege(session, "  many\n declined cards ", FAY, NOW)
    assert (begun.scope, begun.reason, begun.began_by) == (
        "everyone",
        "many declined cards",
        FAY.name,
    )
    assert siege.covers(session, honest=True)
    assert siege.covers(session, honest=False)
    with pytest.raises(StaffRefused, match="already on"):
        siege.begin_siege(session, "", FAY, NOW)
    siege.end_siege(session, FAY, NOW + timedelta(minutes=1))
    assert not siege.covers(session, honest=False)
    with pytest.raises(StaffRefused, match="not switched on"):
        siege.end_siege(session, FAY, NOW)
    assert actions(session) == [(FAY.name, "siege.began"), (FAY.name, "siege.ended")]


def test_staff_widen_a_siege_that_an_attack_began(session: Session) -> None:
    siege.begin_automatically(session, SiegeScope.scripts, COUNTS, NOW)
    assert siege.covers(session, honest=False)
    assert not siege.covers(session, honest=True)
    siege.begin_siege(session, "", FAY, NOW)
    assert siege.covers(session, honest=True)
    [found] = siege.list_sieges(session)
    assert (found.began_by, found.reason) == (FAY.name, "switched on by staff")


def test_an_attack_begins_one_siege_however_many_processes_see_it(
    installation: Installation,
) -> None:
    def begin(_number: int) -> None:
        with installation.sessions.begin() as session:
            siege.begin_automatically(session, SiegeScope.everyone, COUNTS, NOW)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(begin, range(16)))
    with installation.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Siege)) == 1
        assert actions(session) == [("schedule", "siege.began")]
        assert "50 declined cards in ten minutes" in siege.find_siege(session).reason


@pytest.mark.parametrize(
    ("by_staff", "after", "held", "ended"),
    [
        (False, timedelta(minutes=29), 0, False),
        (False, timedelta(minutes=30), 0, True),
        (False, timedelta(minutes=30), 30, True),
        (False, timedelta(minutes=30), 31, False),
        (True, timedelta(hours=23), 0, False),
        (True, timedelta(hours=24), 0, True),
        (True, timedelta(hours=24), 31, False),
    ],
)
def test_a_siege_ends_by_itself_once_it_is_calm(
    session: Session, by_staff: bool, after: timedelta, held: int, ended: bool
) -> None:
    if by_staff:
        siege.begin_siege(session, "", FAY, NOW)
    else:
        siege.begin_automatically(session, SiegeScope.everyone, COUNTS, NOW)
    at = NOW + after
    count(session, at - timedelta(minutes=2), 100, held)
    # What was held before does not count.
    count(session, at - timedelta(minutes=40), 5_000, 5_000)
    assert siege.end_if_calm(session, at) is ended
    assert (siege.find_siege(session) is None) is ended
    assert siege.end_if_calm(session, at) is False


def test_figures_count_from_a_time_on(session: Session) -> None:
    count(session, NOW - timedelta(hours=2), 9, 9)
    count(session, NOW - timedelta(minutes=2), 5, 2)
    count(session, NOW - timedelta(minutes=1), 7, 1)
    found = siege.read_figures(session, NOW - timedelta(hours=1))
    assert (found.attempts, found.held, found.opened, found.paid) == (12, 3, 0, 0)
    assert (found.declined, found.expired) == (0, 0)
