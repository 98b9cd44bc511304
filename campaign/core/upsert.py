"""Upsert facts that are reported repeatedly and in any order: one row per fact, which keeps the strongest values.

A column's rule decides between the stored and the reported value. `greatest`, `either` and `later_in` do not depend on
order or repetition, so the row ends up the same whichever report arrives first.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Table, case, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

Columns = ReadOnlyColumnCollection[str, Any]
Rule = Callable[[str, Columns, Columns], ColumnElement[Any]]
"""(column name, stored columns, reported columns) -> the value to store in that column."""
Row = TypeVar("Row", bound=DeclarativeBase)

_STRIPE_ID = "stripe_id"


def first_known(name: str, stored: Columns, reported: Columns) -> ColumnElement[Any]:
    """Keep the stored value; use the reported one only if none is stored."""
    return func.coalesce(stored[name], reported[name])


def greatest(name: str, stored: Columns, reported: Columns) -> ColumnElement[Any]:
    """Keep the greater value."""
    return func.greatest(stored[name], reported[name])


def either(name: str, stored: Columns, reported: Columns) -> ColumnElement[bool]:
    """Once true, always true."""
    return or_(stored[name], reported[name])


def latest(name: str, _stored: Columns, reported: Columns) -> ColumnElement[Any]:
    """Use the reported value: it answers a request of ours, so the newer one is right."""
    return cast("ColumnElement[Any]", reported[name])


def later_in(order: Sequence[str], by: str) -> Rule:
    """Return a rule: use the side whose column `by` comes later in `order`. Unknown values count as the first."""
    rank = {value: number for number, value in enumerate(order)}

    def rule(name: str, stored: Columns, reported: Columns) -> ColumnElement[Any]:
        later = case(rank, value=reported[by], else_=0) > case(rank, value=stored[by], else_=0)
        return case((later, reported[name]), else_=stored[name])

    return rule


def insert_once(
    session: Session, model: type[DeclarativeBase], values: Mapping[str, Any], key: str = _STRIPE_ID
) -> bool:
    """Insert a fact that never changes; return whether it is new. `key`: the unique column that identifies it."""
    table = cast("Table", model.__table__)
    row = insert(model).values(values).on_conflict_do_nothing(index_elements=[key])
    return session.execute(row.returning(*table.primary_key)).one_or_none() is not None


def upsert_by_rules(
    session: Session,
    model: type[DeclarativeBase],
    values: Mapping[str, Any],
    rules: Mapping[str, Rule],
    key: str = _STRIPE_ID,
) -> bool:
    """Insert a fact, or update its row by `rules`, one per column; return whether anything is new."""
    table = cast("Table", model.__table__)
    row = insert(model).values(values)
    updated = {name: rule(name, table.c, row.excluded) for name, rule in rules.items()}
    changed = or_(*(table.c[name].is_distinct_from(value) for name, value in updated.items()))
    upsert = row.on_conflict_do_update(index_elements=[key], set_=updated, where=changed)
    return session.execute(upsert.returning(*table.primary_key)).one_or_none() is not None


def get_or_insert(
    session: Session, model: type[Row], values: Mapping[str, Any], key: str = _STRIPE_ID
) -> Row:
    """Return the row of a fact, locked until the transaction ends; insert it from `values` if it does not exist."""
    insert_once(session, model, values, key)
    return session.scalars(
        select(model)
        .where(cast("Table", model.__table__).c[key] == values[key])
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
