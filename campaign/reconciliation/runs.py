"""Saved reconciliation runs and what they found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.errors import NotFound
from campaign.models import ReconciliationRun
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.settled import settled_by_id

MAX_STORED_SENTENCES = 1000
"""The most sentences saved with a run; its counts include all discrepancies."""
PAGE = 50


def begin_run(
    session: Session, since: datetime, *, applied: bool, requested_by: str, at: datetime
) -> ReconciliationRun:
    """Create a run that starts now. A run that never ends was interrupted."""
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
    """Save the discrepancies of a run, or the error that stopped it."""
    run = session.get_one(ReconciliationRun, run_id)
    run.ended_at = at
    run.error = error
    run.discrepancy_count = len(found)
    run.repaired = sum(one.repaired for one in found)
    run.discrepancies = [
        {
            "id": one.id,
            "donation": one.donation,
            "sentence": one.sentence(zone),
            "repaired": one.repaired,
        }
        for one in found[:MAX_STORED_SENTENCES]
    ]
    session.flush()


@dataclass(frozen=True)
class UnresolvedRun:
    """The newest finished run, if it left discrepancies that nobody has settled (`left`) or failed (`error`)."""

    run_id: int
    left: int
    error: str | None
    ended_at: datetime


def find_unresolved_runs(session: Session) -> list[UnresolvedRun]:
    """Return the newest finished run if it needs attention; otherwise an empty list."""
    newest = session.scalars(
        select(ReconciliationRun)
        .where(ReconciliationRun.ended_at.is_not(None))
        .order_by(ReconciliationRun.id.desc())
        .limit(1)
    ).one_or_none()
    if newest is None or newest.ended_at is None:
        return []
    left = count_open(session, newest)
    if not left and newest.error is None:
        return []
    return [UnresolvedRun(newest.id, left, newest.error, newest.ended_at)]


def count_open(session: Session, run: ReconciliationRun) -> int:
    """Return how many discrepancies the run left that nobody has settled since."""
    reported = [one["id"] for one in run.discrepancies if "id" in one and not one["repaired"]]
    settled = settled_by_id(session, reported)
    return run.discrepancy_count - run.repaired - sum(one in settled for one in reported)


def recent_runs(session: Session, before: int | None = None) -> Sequence[ReconciliationRun]:
    """Return a page of runs, newest first."""
    query = select(ReconciliationRun).order_by(ReconciliationRun.id.desc()).limit(PAGE)
    if before is not None:
        query = query.where(ReconciliationRun.id < before)
    return session.scalars(query).all()


def find_run(session: Session, run_id: int) -> ReconciliationRun:
    """Return one run; raises NotFound."""
    run = session.get(ReconciliationRun, run_id)
    if run is None:
        raise NotFound(f"There is no reconciliation run {run_id}.")
    return run
