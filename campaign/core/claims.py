"""A table as a work queue: one worker at a time processes a due row, and no row is lost if a worker dies.

Two workers never get the same row, because rows are selected with FOR UPDATE SKIP LOCKED. `DueRows` relies on that lock
alone, for work that fits in one transaction. `LeasedRows` is for work that calls an outside service in between: the
claim is committed, and belongs to the worker until its lease ends. Each claim increments `attempts`, which identifies
it: if the lease ended and another worker claimed the row, updates by the first worker match no row.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    CursorResult,
    DateTime,
    Row,
    Select,
    Table,
    Update,
    bindparam,
    select,
    update,
)
from sqlalchemy.orm import Session

Query = TypeVar("Query", bound=Select[Any])

MOMENT = bindparam("moment", type_=DateTime(timezone=True))
"""A parameter for statements that are built once and reused."""


class Claimed(Protocol):
    """The fields of a claimed row that identify the claim."""

    @property
    def id(self) -> int: ...

    @property
    def attempts(self) -> int: ...


class DueRows:
    """Rows of `table` in one of the states `waiting`, each due at its `next_attempt_at`."""

    def __init__(self, table: Table, waiting: Iterable[str]) -> None:
        self.table = table
        self._waiting = tuple(waiting)

    def due(self, at: datetime) -> ColumnElement[bool]:
        """Return the SQL condition that a row is due at `at`."""
        c = self.table.c
        return c.state.in_(self._waiting) & (c.next_attempt_at <= at)

    def oldest(self, query: Query, at: datetime, limit: int) -> Query:
        """Limit `query` to due rows, longest overdue first, and lock them. Rows locked by other workers are skipped."""
        c = self.table.c
        return self.lock(query.order_by(c.next_attempt_at, c.id), at, limit)

    def lock(self, query: Query, at: datetime, limit: int) -> Query:
        """Do the same as `oldest`, but keep the order of `query`."""
        return query.where(self.due(at)).limit(limit).with_for_update(skip_locked=True)


class LeasedRows(DueRows):
    """Rows that wait in the state `queued` and are leased to a worker in the state `claimed`.

    A claimed row becomes due again when its lease ends, so its `next_attempt_at` is set to the end of the lease.
    """

    def __init__(self, table: Table, *, queued: str, claimed: str) -> None:
        super().__init__(table, (queued, claimed))
        self._queued, self._claimed = queued, claimed
        c = table.c
        self.ours = update(table).where(
            c.id == bindparam("claimed_id"),
            c.attempts == bindparam("claimed_attempts"),
            c.state == claimed,
        )
        """An UPDATE that matches the claimed row only while the claim holds. `change` runs statements built from it."""

    def claim(
        self,
        session: Session,
        columns: Iterable[Column[Any]],
        at: datetime,
        lease: timedelta,
        limit: int,
        *where: ColumnElement[bool],
    ) -> Sequence[Row[Any]]:
        """Claim up to `limit` due rows that match `where`; return their `columns` as of the claim."""
        chosen = self.oldest(select(self.table.c.id).where(*where), at, limit).cte("due")
        return session.execute(
            update(self.table)
            .where(self.table.c.id.in_(select(chosen.c.id)))
            .values(self._leased(at + lease))
            .returning(*columns)
        ).all()

    def take(self, session: Session, ids: Sequence[int], at: datetime, lease: timedelta) -> None:
        """Claim rows that this transaction has locked with `lock`."""
        if ids:
            locked = update(self.table).where(self.table.c.id.in_(ids))
            session.execute(locked.values(self._leased(at + lease)))

    def _leased(self, until: datetime) -> dict[str, Any]:
        return {
            "state": self._claimed,
            "lease_until": until,
            "next_attempt_at": until,
            "attempts": self.table.c.attempts + 1,
        }

    def put_back(self, session: Session, claim: Claimed, at: datetime, **values: object) -> bool:
        """Return the row to the queue, due at `at`; False if the claim no longer holds."""
        return self.finish(session, claim, state=self._queued, next_attempt_at=at, **values)

    def finish(self, session: Session, claim: Claimed, **values: object) -> bool:
        """End the claim and set `values`; False if the claim no longer holds."""
        return self.change(session, self.ours.values(lease_until=None, **values), claim)

    def change(
        self, session: Session, statement: Update, claim: Claimed, **parameters: object
    ) -> bool:
        """Run a statement built from `ours`; False if the claim no longer holds."""
        values = {"claimed_id": claim.id, "claimed_attempts": claim.attempts, **parameters}
        return cast("CursorResult[Any]", session.execute(statement, values)).rowcount == 1
