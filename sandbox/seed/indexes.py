"""Indexes set aside while a table is filled, and built again after: a million rows one by one take many times as long.

For `filling`, within its transaction: a failure brings them back. Primary keys stay, since others refer to them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from psycopg import Connection, sql

_FOUND = """
SELECT index.relname, indrelid::regclass::text, constraint_.conname,
    coalesce(pg_get_constraintdef(constraint_.oid), pg_get_indexdef(indexrelid))
FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid
    LEFT JOIN pg_constraint AS constraint_ ON constraint_.conindid = indexrelid AND constraint_.contype IN ('u', 'x')
WHERE indrelid = ANY (%s::text[]::regclass[]) AND NOT indisprimary ORDER BY 1
"""


@contextmanager
def indexes_set_aside(
    connection: Connection[tuple[object, ...]], tables: Sequence[str]
) -> Iterator[None]:
    """Within the block `tables` have no index but their primary keys, and no unique constraints."""
    found = connection.execute(_FOUND, [list(tables)]).fetchall()
    for name, table, constraint, _ in found:
        drop = "ALTER TABLE {table} DROP CONSTRAINT {name}" if constraint else "DROP INDEX {name}"
        connection.execute(_named(drop, name, table))
    yield
    for name, table, constraint, definition in found:
        add = "ALTER TABLE {table} ADD CONSTRAINT {name} " if constraint else ""
        connection.execute(_named(add, name, table) + sql.SQL(str(definition)))


def _named(statement: str, name: object, table: object) -> sql.Composed:
    return sql.SQL(statement).format(
        name=sql.Identifier(str(name)), table=sql.Identifier(str(table))
    )
