"""A table as a queue: rows that are due are taken by one worker at a time, and nothing is lost where one dies.

Two workers never get the same row: it is chosen with FOR UPDATE SKIP LOCKED. `DueRows` is held by that lock alone, for
work that is one transaction. `LeasedRows` is for work that speaks to somebody outside in between: the row is marked and
committed, and is the worker's until its lease ends. `attempts` is counted with every claim and tells whether it still
is: whoever was overtaken after the lease finds that nothing of theirs is there to be changed.
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
"""A parameter for statements that are put together once."""


class Claimed(Protocol):
    """What a claim must know of its row."""

    @property
    def id(self) -> int: ...

    @property
    def attempts(self) -> int: ...


class DueRows:
    """Rows of `table` in the states `waiting`, each due at its `next_attempt_at`."""

    def __init__(self, table: Table, waiting: Iterable[str]) -> None:
        self.table = table
        self._waiting = tuple(waiting)

    def due(self, at: datetime) -> ColumnElement[bool]:
        """Whether a row is due at `at`."""
        c = self.table.c
        return c.state.in_(self._waiting) & (c.next_attempt_at <= at)

    def oldest(self, query: Query, at: datetime, limit: int) -> Query:
        """`query`, of what is due, the longest due first; rows that another worker holds are passed over."""
        c = self.table.c
        return self.lock(query.order_by(c.next_attempt_at, c.id), at, limit)

    def lock(self, query: Query, at: datetime, limit: int) -> Query:
        """As `oldest`, in the order that `query` has."""
        return query.where(self.due(at)).limit(limit).with_for_update(skip_locked=True)


class LeasedRows(DueRows):
    """Rows that wait in the state `queued` and are claimed in the state `claimed`, for a while.

    A row that is claimed is due again when its lease ends, so its `next_attempt_at` is that moment.
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
        """The claimed row, while the claim holds. For statements that `change` runs, put together once."""

    def claim(
        self,
        session: Session,
        columns: Iterable[Column[Any]],
        at: datetime,
        lease: timedelta,
        limit: int,
        *where: ColumnElement[bool],
    ) -> Sequence[Row[Any]]:
        """Claim up to `limit` rows that are due and as `where` says; their `columns`, as they are then."""
        chosen = self.oldest(select(self.table.c.id).where(*where), at, limit).cte("due")
        return session.execute(
            update(self.table)
            .where(self.table.c.id.in_(select(chosen.c.id)))
            .values(self._leased(at + lease))
            .returning(*columns)
        ).all()

    def take(self, session: Session, ids: Sequence[int], at: datetime, lease: timedelta) -> None:
        """Claim rows that this transaction has locked by `lock`."""
        if ids:
            theirs = update(self.table).where(self.table.c.id.in_(ids))
            session.execute(theirs.values(self._leased(at + lease)))

    def _leased(self, until: datetime) -> dict[str, Any]:
        return {
            "state": self._claimed,
            "lease_until": until,
            "next_attempt_at": until,
            "attempts": self.table.c.attempts + 1,
        }

    def put_back(self, session: Session, claim: Claimed, at: datetime, **values: object) -> bool:
        """Back into the queue until `at`; False where the claim is no longer ours."""
        return self.finish(session, claim, state=self._queued, next_attempt_at=at, **values)

    def finish(self, session: Session, claim: Claimed, **values: object) -> bool:
        """End the claim with `values`; False where it is no longer ours."""
        return self.change(session, self.ours.values(lease_until=None, **values), claim)

    def change(
        self, session: Session, statement: Update, claim: Claimed, **parameters: object
    ) -> bool:
        """Run a statement made from `ours`; False where the claim is no longer ours."""
        named = {"claimed_id": claim.id, "claimed_attempts": claim.attempts, **parameters}
        return cast("CursorResult[Any]", session.execute(statement, named)).rowcount == 1
