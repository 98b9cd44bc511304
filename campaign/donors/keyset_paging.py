"""Keyset pagination, newest first, that is as fast for a very common search word as for one that does not occur.

No single query plan does both: the word index collects every row that has a common word, and a scan from the newest
row reads the whole table for a rare one. So scan the newest rows first; then ask the word index for a limited number of
rows; and leave only what is neither recent nor rare to the planner. See docs/performance.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from campaign.donors.search_query import Condition, Entity, Search

NEWEST_ROWS = 20_000
"""How many of the newest rows to scan."""

INDEX_LIMIT = 5_000
"""A search with at most this many results is answered from its own index."""

PAGE = 50


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: rows older than the row `before`, or newer than the row `after`."""

    before: int | None = None
    after: int | None = None


@dataclass(frozen=True)
class Keys:
    """The ids of a page, newest first, and the keys of the neighboring pages, or None."""

    ids: Sequence[int]
    newer: int | None
    older: int | None


@dataclass(frozen=True)
class Listing:
    """What to list. `order` names the sort columns, which are unique together; the last is `id`.

    `near` has the conditions that an index in that order supports, `rest` all others.
    """

    entity: type[Any]
    order: tuple[str, ...]
    near: Condition = lambda one: true()  # noqa: ARG005 - a field's default
    rest: Condition = lambda one: true()  # noqa: ARG005 - a field's default


def read_keys(
    session: Session, listing: Listing, search: Search | None, cursor: Cursor, limit: int = PAGE
) -> Keys:
    """Return one page of the rows of `listing` that match `search`."""
    upwards = cursor.after is not None
    at = _position(session, listing, cursor.after if upwards else cursor.before)
    found = list(
        _found(session, _PageRequest(listing, search, at, upwards=upwards, limit=limit + 1))
    )
    more, ids = len(found) > limit, found[:limit]
    if upwards:
        ids.reverse()
    return Keys(
        ids,
        newer=ids[0] if ids and (more if upwards else at is not None) else None,
        older=ids[-1] if ids and (more or upwards) else None,
    )


@dataclass(frozen=True)
class _PageRequest:
    listing: Listing
    search: Search | None
    at: tuple[Any, ...] | None
    upwards: bool
    limit: int

    def beyond(self, one: Entity) -> ColumnElement[bool]:
        if self.at is None:
            return true()
        here = tuple_(*(getattr(one, name) for name in self.listing.order))
        return here > tuple_(*self.at) if self.upwards else here < tuple_(*self.at)

    def sorting(self, one: Entity) -> list[ColumnElement[Any]]:
        columns = [getattr(one, name) for name in self.listing.order]
        return columns if self.upwards else [column.desc() for column in columns]

    def narrowed(self, one: Entity, *more: Condition) -> list[ColumnElement[bool]]:
        return [self.beyond(one), self.listing.near(one), *(each(one) for each in more)]


def _position(session: Session, listing: Listing, key: int | None) -> tuple[Any, ...] | None:
    """Return the sort position of row `key`, or None if it does not exist; the list then starts from the beginning."""
    if key is None:
        return None
    columns = [getattr(listing.entity, name) for name in listing.order]
    row = session.execute(select(*columns).where(listing.entity.id == key)).one_or_none()
    return tuple(row) if row else None


def _found(session: Session, asked: _PageRequest) -> Sequence[int]:
    search = asked.search
    if search is None:
        return _ordered(session, asked)
    if not search.words:
        return _ordered(session, asked, search.condition)
    near = _among_the_newest(session, asked, search.condition)
    if len(near) >= asked.limit:
        return near
    few = _few(session, asked, search.condition)
    if few is None:
        return _ordered(session, asked, search.condition)
    return _ordered(session, asked, lambda one: one.id.in_(few)) if few else []


def _ordered(session: Session, asked: _PageRequest, *more: Condition) -> Sequence[int]:
    one = asked.listing.entity
    return session.scalars(
        select(one.id)
        .where(*asked.narrowed(one, asked.listing.rest, *more))
        .order_by(*asked.sorting(one))
        .limit(asked.limit)
    ).all()


def _among_the_newest(session: Session, asked: _PageRequest, condition: Condition) -> Sequence[int]:
    """Search the newest rows. The inner limit forces the plan to follow the sort order; the outer one stops early."""
    table: Table = asked.listing.entity.__table__
    whole = asked.listing.entity
    rows = (
        select(table)
        .where(*asked.narrowed(whole))
        .order_by(*asked.sorting(whole))
        .limit(NEWEST_ROWS)
        .subquery()
    )
    one = aliased(whole, rows)
    return session.scalars(
        select(one.id)
        .where(asked.listing.rest(one), condition(one))
        .order_by(*asked.sorting(one))
        .limit(asked.limit)
    ).all()


def _few(session: Session, asked: _PageRequest, condition: Condition) -> Sequence[int] | None:
    """Return all matching ids if there are at most INDEX_LIMIT, else None. Indexes are used whatever the estimates."""
    one = asked.listing.entity
    wanted = asked.narrowed(one, asked.listing.rest, condition)
    _plan_without_scans(session, without=True)
    found = session.scalars(select(one.id).where(*wanted).limit(INDEX_LIMIT + 1)).all()
    _plan_without_scans(session, without=False)
    return found if len(found) <= INDEX_LIMIT else None


def _plan_without_scans(session: Session, *, without: bool) -> None:
    session.execute(select(func.set_config("enable_seqscan", "off" if without else "on", True)))  # noqa: FBT003 - is_local
