"""Insert rows with SQL, without the models: their defaults and checks in Python would hide the database's own."""

from collections.abc import Mapping
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tests.support.row_examples.table import Made, Row


class Rows:
    """Valid rows of any table, over one connection whose transaction is never committed."""

    def __init__(self, connection: psycopg.Connection[Any], tables: Mapping[str, Any]) -> None:
        self.connection = connection
        self.tables = tables
        self._numbers = 0
        self._remembered: dict[Made, object] = {}

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    def remember(self, made: Made) -> object:
        if made not in self._remembered:
            self._remembered[made] = made(self)
        return self._remembered[made]

    def add(self, table: str, changes: Row) -> object:
        """Insert the table's valid row with `changes`; return its `id`, or its first column."""
        row = self.insert(table, {**self.tables[table].row, **changes})
        return row.get("id", next(iter(row.values())))

    def insert(self, table: str, values: Row) -> dict[str, Any]:
        """Insert these values only; return the whole row as the database has it."""
        made = self.resolve(values)
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING *").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, made)),
            sql.SQL(", ").join(sql.Placeholder() * len(made)),
        )
        if not made:
            statement = sql.SQL("INSERT INTO {} DEFAULT VALUES RETURNING *").format(
                sql.Identifier(table)
            )
        with self.connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(statement, list(made.values())).fetchone()
        assert row is not None
        return row

    def value(self, query: LiteralString) -> Any:
        """Return the one value that a query has."""
        row = self.connection.execute(query).fetchone()
        assert row is not None
        return row[0]

    def resolve(self, values: Row) -> dict[str, object]:
        """Return the values with everything made that is made at insertion."""
        return {name: self._value(value) for name, value in values.items()}

    def _value(self, value: object) -> object:
        made = value(self) if callable(value) else value
        return Jsonb(made) if isinstance(made, dict) else made

    def delete(self, table: str, key: object) -> None:
        column = "id" if self.tables[table].numbered else next(iter(self.tables[table].row))
        self.connection.execute(
            sql.SQL("DELETE FROM {} WHERE {} = %s").format(
                sql.Identifier(table), sql.Identifier(column)
            ),
            [key],
        )
