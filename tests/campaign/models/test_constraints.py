"""What the database itself refuses and accepts, whatever the code above it does.

Each test inserts a valid row of `tests/support/row_examples` with one change. The last tests require an example for
every column, constraint and unique index of the migrated database. `python -m tests.mutation.database` measures what
the examples notice.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.support.row_examples import TABLES
from tests.support.row_examples.rows import Rows
from tests.support.row_examples.table import Default, Reference, Refused, Row, Table, Unique

NOBODY = 999_999_999_999
"""The key of no row."""

Case = Any


def shown(changes: Row) -> str:
    return ", ".join(
        f"{name}={'…' if callable(value) else str(value)[:40]}" for name, value in changes.items()
    )


def refusal(rows: Rows, table: Table, changes: Row) -> str:
    """Return the name of the constraint that refuses the valid row with `changes`, or '' if none does."""
    try:
        rows.insert(table.name, {**table.row, **changes})
    except psycopg.IntegrityError as error:
        return error.diag.constraint_name or error.diag.message_primary or ""
    return ""


def refused_rows() -> Iterator[Case]:
    for table in TABLES.values():
        for example in table.refused:
            name = f"{table.name}: {example.by.removeprefix(f'ck_{table.name}_')}, {shown(example.changes)}"
            yield pytest.param(table, example, id=name)


@pytest.mark.parametrize(("table", "example"), list(refused_rows()))
def test_a_row_that_breaks_one_rule_is_refused_by_that_rule(
    rows: Rows, table: Table, example: Refused
) -> None:
    assert refusal(rows, table, example.changes) == example.by


def accepted_rows() -> Iterator[Case]:
    for table in TABLES.values():
        for changes in ({}, *table.accepted):
            yield pytest.param(table, changes, id=f"{table.name}: {shown(changes)}")


@pytest.mark.parametrize(("table", "changes"), list(accepted_rows()))
def test_the_row_beside_it_is_accepted(rows: Rows, table: Table, changes: Row) -> None:
    assert refusal(rows, table, changes) == ""


BY_TABLE = pytest.mark.parametrize(
    "table", [pytest.param(table, id=f"{table.name}:") for table in TABLES.values()]
)


@BY_TABLE
def test_two_rows_that_share_nothing_are_accepted(rows: Rows, table: Table) -> None:
    found = [refusal(rows, table, {}) for _ in range(1 if table.single else 2)]
    assert set(found) == {""}


def unique_rules(which: str) -> Iterator[Case]:
    for table in TABLES.values():
        for rule in table.uniques:
            changes: Any = {"again": ({}, *rule.again), "apart": rule.apart, "free": rule.free}
            for change in changes[which]:
                name = f"{table.name}: {rule.by.removeprefix(f'uq_{table.name}_')}, {shown(change)}"
                yield pytest.param(table, rule, change, id=name)


@pytest.mark.parametrize(("table", "rule", "change"), list(unique_rules("again")))
def test_a_second_row_with_the_same_values_is_refused(
    rows: Rows, table: Table, rule: Unique, change: Row
) -> None:
    rows.add(table.name, rule.same)
    assert refusal(rows, table, {**rule.same, **change}) == rule.by


@pytest.mark.parametrize(("table", "rule", "change"), list(unique_rules("apart")))
def test_a_second_row_with_one_other_value_is_accepted(
    rows: Rows, table: Table, rule: Unique, change: Row
) -> None:
    rows.add(table.name, rule.same)
    assert refusal(rows, table, {**rule.same, **change}) == ""


@pytest.mark.parametrize(("table", "rule", "change"), list(unique_rules("free")))
def test_rows_outside_the_rule_may_have_the_same_values(
    rows: Rows, table: Table, rule: Unique, change: Row
) -> None:
    rows.add(table.name, {**rule.same, **change})
    assert refusal(rows, table, {**rule.same, **change}) == ""


REFERENCES = [
    pytest.param(table, reference, id=f"{table.name}: {reference.column}")
    for table in TABLES.values()
    for reference in table.references
]


@pytest.mark.parametrize(("table", "reference"), REFERENCES)
def test_a_row_cannot_refer_to_one_that_is_not_there(
    rows: Rows, table: Table, reference: Reference
) -> None:
    changes = {**reference.changes, reference.column: NOBODY}
    assert refusal(rows, table, changes) == table.foreign_key(reference)


@pytest.mark.parametrize(("table", "reference"), REFERENCES)
def test_a_row_that_another_refers_to_cannot_be_deleted(
    rows: Rows, table: Table, reference: Reference
) -> None:
    key = rows.add(reference.table, {})
    rows.add(table.name, {**reference.changes, reference.column: key})
    with pytest.raises(errors.ForeignKeyViolation) as refused:
        rows.delete(reference.table, key)
    assert refused.value.diag.constraint_name == table.foreign_key(reference)


@BY_TABLE
def test_a_column_that_always_has_a_value_is_never_null(rows: Rows, table: Table) -> None:
    for column in (*table.required, *table.defaults):
        assert missing(rows, table, {**table.row, column: None}) == column


@BY_TABLE
def test_a_column_without_a_default_must_be_given(rows: Rows, table: Table) -> None:
    for column in table.required:
        others = {name: value for name, value in table.row.items() if name != column}
        assert missing(rows, table, others) == column


def missing(rows: Rows, table: Table, values: Row) -> str:
    """Return the column whose missing value makes the database refuse the row."""
    with pytest.raises(errors.NotNullViolation) as refused, rows.connection.transaction():
        rows.insert(table.name, values)
    return refused.value.diag.column_name or ""


@BY_TABLE
def test_a_column_that_is_left_out_has_its_default(rows: Rows, table: Table) -> None:
    for column, default in table.defaults.items():
        given = {**table.row, **table.omitting.get(column, {})}
        given.pop(column, None)
        with rows.connection.transaction(force_rollback=True):
            found = rows.insert(table.name, given)[column]
            assert is_default(rows, found, default), f"{table.name}.{column}: {found}"
        if default is Default.random:
            assert rows.insert(table.name, given)[column] != found


def is_default(rows: Rows, found: object, default: object) -> bool:
    """Whether a column's value is what the example says. The time of a statement is after its transaction's."""
    begun = rows.value("SELECT now()")
    if default is Default.random:
        return bool(re.fullmatch(r"[\w-]{20,40}", str(found)))
    if default is Default.statement_time:
        return isinstance(found, datetime) and begun < found <= rows.value(
            "SELECT clock_timestamp()"
        )
    return found == (begun if default is Default.transaction_time else default)


@BY_TABLE
def test_a_column_that_may_be_empty_is_empty_unless_it_is_given(rows: Rows, table: Table) -> None:
    row = rows.insert(table.name, table.row)
    left_out = [name for name in table.optional if name not in table.row]
    assert {name: row[name] for name in left_out} == dict.fromkeys(left_out)


COLUMNS = """
SELECT relname, array_agg(attname::text ORDER BY attname)
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
AND relname <> 'alembic_version' GROUP BY relname
"""
CONSTRAINTS = """
SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
AND contype IN ('p', 'u', 'c', 'f', 'x') AND conrelid <> 'alembic_version'::regclass
UNION
SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE indisunique AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
"""


def test_every_column_of_the_database_is_in_the_examples(rows: Rows) -> None:
    found = dict(rows.connection.execute(COLUMNS).fetchall())
    told = {
        table.name: sorted(
            {*table.row, *table.defaults, *table.optional, *table.computed}
            | ({"id"} if table.numbered else set())
        )
        for table in TABLES.values()
    }
    assert told == found


def test_every_constraint_of_the_database_has_an_example(rows: Rows) -> None:
    found = {name for (name,) in rows.connection.execute(CONSTRAINTS)}
    told = {
        name
        for table in TABLES.values()
        for name in (
            *(example.by for example in table.refused),
            *(rule.by for rule in table.uniques),
            *(table.foreign_key(reference) for reference in table.references),
        )
    }
    assert sorted(found - told) == [], "add examples to tests/support/row_examples"
    assert sorted(told - found) == [], "these constraints are not in the database"
