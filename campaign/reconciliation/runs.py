"""What comparing the ledger with Stripe has found, run by run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.errors import NotFound
from campaign.models import ReconciliationRun
from campaign.reconciliation.discrepancies import Discrepancy

MAX_STORED_SENTENCES = 1000
"""Differences whose sentences a run keeps; its counts are of all."""
PAGE = 50


def begin_run(
    session: Session, since: datetime, *, applied: bool, requested_by: str, at: datetime
) -> ReconciliationRun:
    """A run that begins now; one that never ends was cut."""
    run = ReconciliationRun(started_at=at, since=since, applied=applied, requested_by=requested_by)
    session.add(run)
    session.flush()
    return run


def end_run(
    session: Session,
    run_id: int,
    found: Sequence[Discrepancy],
    zone: ZoneInfo,
    at: datetime,
    error: str | None = None,
) -> None:
    """How it ended: every difference it told, or why it could not go on."""
    run = session.get_one(ReconciliationRun, run_id)
    run.ended_at = at
    run.error = error
    run.discrepancy_count = len(found)
    run.repaired = sum(one.repaired for one in found)
    run.discrepancies = [
        {"donation": one.donation, "sentence": one.sentence(zone), "repaired": one.repaired}
        for one in found[:MAX_STORED_SENTENCES]
    ]
    session.flush()


@dataclass(frozen=True)
class UnresolvedRun:
    """The newest comparison that came to its end, where it left differences; or could not go on: `error`."""

    run_id: int
    left: int
    error: str | None
    ended_at: datetime


def find_unresolved_runs(session: Session) -> list[UnresolvedRun]:
    """What the newest comparison left, or nothing."""
    newest = session.scalars(
        select(ReconciliationRun)
        .where(ReconciliationRun.ended_at.is_not(None))
        .order_by(ReconciliationRun.id.desc())
        .limit(1)
    ).one_or_none()
    if newest is None or newest.ended_at is None:
        return []
    left = newest.discrepancy_count - newest.repaired
    if not left and newest.error is None:
        return []
    return [UnresolvedRun(newest.id, left, newest.error, newest.ended_at)]


def recent_runs(session: Session, before: int | None = None) -> Sequence[ReconciliationRun]:
    """A page of runs, the newest first."""
    query = select(ReconciliationRun).order_by(ReconciliationRun.id.desc()).limit(PAGE)
    if before is not None:
        query = query.where(ReconciliationRun.id < before)
    return session.scalars(query).all()


def find_run(session: Session, run_id: int) -> ReconciliationRun:
    """One run; raises NotFound."""
    run = session.get(ReconciliationRun, run_id)
    if run is None:
        raise NotFound(f"There is no comparison {run_id} here.")
    return run
