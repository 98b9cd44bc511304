"""Insert rows with SQL, without the models: their defaults and checks in Python would hide the database's own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tests.support.row_examples.table import Made, Row, Table

_NUMBERS = count(1)


class Rows:
    """Valid rows of any table, over one connection. The transaction is committed only where a test says so."""

    def __init__(self, connection: psycopg.Connection[Any], tables: Mapping[str, Table]) -> None:
        self.connection = connection
        self.tables = tables
        self._remembered: dict[Made, object] = {}

    def number(self) -> int:
        """Return a number that no other row of the process has."""
        return next(_NUMBERS)

    def remember(self, made: Made) -> object:
        if made not in self._remembered:
            self._remembered[made] = made(self)
        return self._remembered[made]

    def add(self, table: str, changes: Row | None = None, **more: object) -> Any:
        """Insert the table's valid row with these changes; return its `id`, or its first column."""
        row = self.insert(table, {**self.tables[table].row, **(changes or {}), **more})
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

    def all(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.connection.execute(query, values).fetchall()

    def value(self, query: LiteralString, *values: object) -> Any:
        """Return the one value that a query has."""
        ((value,),) = self.all(query, *values)
        return value

    def refusal(self, statement: LiteralString, *values: object) -> str:
        """Return the constraint or message that refuses a statement, or '' if it is accepted; take it back."""
        try:
            with self.connection.transaction(force_rollback=True):
                assert self.connection.execute(statement, values).rowcount, "no row to change"
        except psycopg.IntegrityError as error:
            return error.diag.constraint_name or error.diag.message_primary or ""
        return ""

    @contextmanager
    def beside(self) -> Iterator["Rows"]:
        """Another connection to the same database, for what two do at once."""
        info = self.connection.info
        with psycopg.connect(info.dsn, password=info.password) as connection:
            yield Rows(connection, self.tables)
