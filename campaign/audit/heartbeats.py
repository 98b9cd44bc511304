"""Heartbeats of scheduled jobs: each job records when it starts, succeeds or fails, so overdue jobs are reported.

`campaign.runtime.job_heartbeat` commits. Web, commands and the dashboard read `job_statuses`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Text,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.models import Campaign, Heartbeat

DEADLINE_EMAILS = "deadline-emails"
SEGMENT_SUBSCRIBERS = "segment-subscribers"

JOBS: dict[str, timedelta] = {
    "sweep-inbox": timedelta(minutes=2),
    "sweep-outbox": timedelta(minutes=2),
    "send-webhooks": timedelta(minutes=15),
    "recover-events": timedelta(hours=3),
    "book-fees": timedelta(minutes=15),
    "match-evidence": timedelta(minutes=15),
    "note-receipts": timedelta(minutes=15),
    "read-payouts": timedelta(minutes=15),
    "take-in-payments": timedelta(minutes=30),
    "import-files": timedelta(minutes=30),
    "finish-refunds": timedelta(minutes=10),
    "finalize": timedelta(hours=1),
    "purge-expired": timedelta(hours=1),
    "mark-milestones": timedelta(minutes=15),
    "erase-donors": timedelta(minutes=30),
    "queue-notices": timedelta(hours=3),
    "alert-staff": timedelta(hours=1),
    SEGMENT_SUBSCRIBERS: timedelta(hours=1),
    "watch-card-testing": timedelta(minutes=15),
    "tell-staff": timedelta(minutes=15),
    "sync-lists": timedelta(hours=6),
    "reconcile": timedelta(hours=26),
    DEADLINE_EMAILS: timedelta(hours=2),
}
"""Every scheduled job, and the longest time without a success before it is overdue."""

WRITE_EVERY = timedelta(seconds=10)
"""A job may be triggered a hundred times a second; its row is not written more often than this."""

LONGEST_RUN = timedelta(minutes=10)
"""A running job is not overdue for this long; then the worker stops it (`task_time_limit`)."""


@dataclass(frozen=True)
class JobStatus:
    """The status of a job; `overdue` means overdue. `unfinished_since`: a run started then, and no run has ended since.

    `last_error` is the latest error, kept after a success. `sentence` summarizes the status for people.
    """

    job: str
    limit: timedelta
    last_success: datetime | None
    last_failure: datetime | None
    last_error: str | None
    unfinished_since: datetime | None
    overdue: bool
    sentence: str


def begin(session: Session, job: str, at: datetime) -> None:
    """Record the start of a run. `began_at` stays at the first run that has not ended, so that crashes stay visible."""
    ended = or_(
        Heartbeat.succeeded_at >= Heartbeat.began_at, Heartbeat.failed_at >= Heartbeat.began_at
    )
    _save(session, job, {"began_at": at}, and_(ended, _older(Heartbeat.began_at, at)))


def succeed(session: Session, job: str, at: datetime) -> None:
    """Record a success."""
    due = _is_news(Heartbeat.succeeded_at, Heartbeat.failed_at, at)
    _save(session, job, {"began_at": at, "succeeded_at": at}, due, changed={"succeeded_at": at})


def fail(session: Session, job: str, error: str, at: datetime) -> None:
    """Record a failure; `error` is for staff only."""
    failure: dict[str, Any] = {"failed_at": at, "last_error": error[:1000]}
    due = _is_news(Heartbeat.failed_at, Heartbeat.succeeded_at, at)
    _save(session, job, {"began_at": at, **failure}, due, changed=failure)


def _older(column: Any, at: datetime) -> ColumnElement[bool]:
    return or_(column.is_(None), column <= at - WRITE_EVERY)


def _is_news(ended: Any, otherwise: Any, at: datetime) -> ColumnElement[bool]:
    """Return the condition for writing this result: the last of its kind is old, or another was recorded since."""
    return or_(_older(ended, at), otherwise >= ended, Heartbeat.began_at > ended)


def _save(
    session: Session,
    job: str,
    values: dict[str, Any],
    due: ColumnElement[bool],
    changed: dict[str, Any] | None = None,
) -> None:
    """Insert, or update if `due`. A row that is not due is only read: an upsert alone would lock it each time."""
    columns = ["job", *values]
    types = {"last_error": Text()}
    fresh = exists().where(Heartbeat.job == job, ~func.coalesce(due, False))
    row = select(
        literal(job, Text()),
        *(
            literal(value, types.get(name, DateTime(timezone=True)))
            for name, value in values.items()
        ),
    ).where(~fresh)
    session.execute(
        insert(Heartbeat)
        .from_select(columns, row)
        .on_conflict_do_update(index_elements=["job"], set_=changed or values, where=due)
    )


def job_statuses(session: Session, at: datetime) -> list[JobStatus]:
    """Return the status of each job at `at`, in the order of JOBS."""
    rows = {row.job: row for row in session.scalars(select(Heartbeat))}
    began = session.scalar(select(func.min(Campaign.created_at)))
    opening = session.scalar(
        select(func.min(func.greatest(Campaign.starts_at, Campaign.created_at))).where(
            Campaign.open_at(at)
        )
    )
    return [
        _status(job, rows.get(job), opening if job == DEADLINE_EMAILS else began, at)
        for job in JOBS
    ]


def _status(job: str, row: Heartbeat | None, expected: datetime | None, at: datetime) -> JobStatus:
    """`expected`: since when the job has had work; None if it has none."""
    success = row.succeeded_at if row else None
    unfinished = _unfinished(row)
    heard = max((moment for moment in (success, expected) if moment), default=at)
    running = unfinished is not None and at - unfinished <= LONGEST_RUN
    overdue = expected is not None and at - heard > JOBS[job] and not running
    return JobStatus(
        job=job,
        limit=JOBS[job],
        last_success=success,
        last_failure=row.failed_at if row else None,
        last_error=row.last_error if row else None,
        unfinished_since=unfinished,
        overdue=overdue,
        sentence=f"{'overdue; ' if overdue else ''}{_words(row, expected, at)}",
    )


def _unfinished(row: Heartbeat | None) -> datetime | None:
    if row is None:
        return None
    ends = [moment for moment in (row.succeeded_at, row.failed_at) if moment]
    return None if any(end >= row.began_at for end in ends) else row.began_at


def _words(row: Heartbeat | None, expected: datetime | None, at: datetime) -> str:
    success = row.succeeded_at if row else None
    parts = [f"last success {_ago(at - success)} ago" if success else _never(row, expected)]
    if row and row.failed_at and (success is None or row.failed_at > success):
        parts.append(f"failed {_ago(at - row.failed_at)} ago: {row.last_error}")
    unfinished = _unfinished(row)
    if unfinished:
        parts.append(f"a run that started {_ago(at - unfinished)} ago has not ended")
    return "; ".join(parts)


def _never(row: Heartbeat | None, expected: datetime | None) -> str:
    if row is not None:
        return "never succeeded"
    return "never ran" if expected else "never ran; it has no work yet"


def _ago(length: timedelta) -> str:
    """Return `40 seconds`, `12 minutes`, `5 hours`, `3 days`: in the largest unit that fits twice, rounded down."""
    seconds = max(0, int(length.total_seconds()))
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return "1 second" if seconds == 1 else f"{seconds} seconds"
