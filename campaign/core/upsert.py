"""Facts that are told any number of times and in any order: each is one row, and the row keeps the strongest of them.

What a column keeps of what it has and what is told is its rule. `greatest`, `either` and `later_in` depend on neither
order nor repetition, so that the row ends alike whatever comes first.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Table, case, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

Columns = ReadOnlyColumnCollection[str, Any]
Rule = Callable[[str, Columns, Columns], ColumnElement[Any]]
"""(column, the row's columns, those of the fact) -> what the row keeps in that column."""
Row = TypeVar("Row", bound=DeclarativeBase)

_STRIPE_ID = "stripe_id"


def first_known(name: str, kept: Columns, told: Columns) -> ColumnElement[Any]:
    """What is known stays; what is not is learned."""
    return func.coalesce(kept[name], told[name])


def greatest(name: str, kept: Columns, told: Columns) -> ColumnElement[Any]:
    """A figure only grows."""
    return func.greatest(kept[name], told[name])


def either(name: str, kept: Columns, told: Columns) -> ColumnElement[bool]:
    """Once true, always true."""
    return or_(kept[name], told[name])


def latest(name: str, _kept: Columns, told: Columns) -> ColumnElement[Any]:
    """For the answer to a question of ours: the newer one is right."""
    return cast("ColumnElement[Any]", told[name])


def later_in(order: Sequence[str], by: str) -> Rule:
    """What the fact says whose column `by` is the later in `order`; a word that is not in it counts as the first."""
    rank = {word: number for number, word in enumerate(order)}

    def rule(name: str, kept: Columns, told: Columns) -> ColumnElement[Any]:
        later = case(rank, value=told[by], else_=0) > case(rank, value=kept[by], else_=0)
        return case((later, told[name]), else_=kept[name])

    return rule


def insert_once(
    session: Session, model: type[DeclarativeBase], values: Mapping[str, Any], key: str = _STRIPE_ID
) -> bool:
    """Keep a fact that never changes; whether it is new. `key`: the unique column by which it is known again."""
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
    """Keep a fact, or what its row learns of it by `rules`, a column each; whether anything is new."""
    table = cast("Table", model.__table__)
    row = insert(model).values(values)
    learned = {name: rule(name, table.c, row.excluded) for name, rule in rules.items()}
    news = or_(*(table.c[name].is_distinct_from(value) for name, value in learned.items()))
    kept = row.on_conflict_do_update(index_elements=[key], set_=learned, where=news)
    return session.execute(kept.returning(*table.primary_key)).one_or_none() is not None


def get_or_insert(
    session: Session, model: type[Row], values: Mapping[str, Any], key: str = _STRIPE_ID
) -> Row:
    """The row of a fact, locked until the transaction ends; made of `values` where it is not known yet."""
    insert_once(session, model, values, key)
    return session.scalars(
        select(model)
        .where(cast("Table", model.__table__).c[key] == values[key])
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
