"""One database for test after test: emptied when a test ends, and replaced if the test may have left more than rows.

To copy the template for each test takes ten times as long. A test still finds every table empty, every sequence at its
start, and the schema, the settings and the planner's statistics of the template.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import LiteralString, NamedTuple

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from campaign.core.database import make_engine
from tests.support.databases import Databases

SECRET_KEY = "s" * 40
"""As in the tests' settings."""
LARGEST = 4 * 8192
"""PostgreSQL appends each row to a table of no more than four pages, and plans for it as for an empty one."""

CLOSING_SECONDS = 2.0
"""How long to wait for connections that a test has closed. A database with others is dropped, which ends them."""

ENDING_SECONDS = 0.5
"""How long to wait for threads that a test has told to end."""

KEPT_CONNECTIONS = 3
"""More connections in the engine's pool are closed, because only few tests need as many."""

_TABLES: LiteralString = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
"""
_STATE: LiteralString = """
SELECT concat_ws(' ',
  (SELECT concat_ws(',', count(*), max(xmin::text::bigint), sum(relpages), sum(reltuples))
    FROM pg_class),
  (SELECT concat_ws(',', count(*), max(xmin::text::bigint)) FROM pg_attribute
    WHERE attrelid >= 16384),
  (SELECT concat_ws(',', count(*), max(xmin::text::bigint)) FROM pg_constraint),
  (SELECT concat_ws(',', count(*), max(xmin::text::bigint)) FROM pg_index),
  (SELECT concat_ws(',', count(*), max(xmin::text::bigint)) FROM pg_trigger),
  (SELECT concat_ws(',', count(*), max(xmin::text::bigint)) FROM pg_attrdef),
  (SELECT concat_ws(',', count(*), max(xmin::text::bigint)) FROM pg_sequence),
  (SELECT concat_ws(',', count(*), max(xmin::text::bigint)) FROM pg_proc WHERE oid >= 16384),
  (SELECT concat_ws(',', count(*), max(xmin::text::bigint)) FROM pg_type WHERE oid >= 16384),
  (SELECT concat_ws(',', count(*), max(xmin::text::bigint)) FROM pg_namespace
    WHERE nspname !~ '^pg_(toast_)?temp_'),
  (SELECT concat_ws(',', count(*), max(xmin::text::bigint)) FROM pg_description),
  (SELECT count(*) FROM pg_extension),
  (SELECT count(*) FROM pg_statistic),
  (SELECT count(*) FROM pg_largeobject_metadata),
  (SELECT count(*) FROM pg_db_role_setting)
  {constant}
) AS schema,
(SELECT max(pg_relation_size(oid)) FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r') AS largest,
array_remove(ARRAY[{filled}], NULL) AS filled
"""
_CONSTANT: LiteralString = ", (SELECT string_agg(t::text, ',' ORDER BY t::text) FROM {table} t)"
_FILLED: LiteralString = "CASE WHEN EXISTS (SELECT FROM {table}) THEN {name} END"
_RESTART: LiteralString = """
SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence
WHERE pg_sequence_last_value(seqrelid) IS NOT NULL
"""
_CONNECTIONS: LiteralString = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend'
"""
_AS_NEW: LiteralString = """
CLOSE ALL; RESET SESSION AUTHORIZATION; RESET ALL; UNLISTEN *; DISCARD TEMP; DISCARD SEQUENCES;
SELECT pg_advisory_unlock_all(); COMMIT
"""


class State(NamedTuple):
    """Everything of a database but rows, the bytes of its largest table, and the tables with rows."""

    schema: str
    largest: int
    filled: list[str]


class EmptiedDatabase:
    """A copy of the template that can be emptied. `engine` serves one test after another, over the same connection."""

    def __init__(self, databases: Databases, template: str) -> None:
        self._databases = databases
        self.name = databases.create(template)
        address = databases.address(self.name)
        self.engine = make_engine(
            address.replace("postgresql://", "postgresql+psycopg://", 1), secret_keys=[SECRET_KEY]
        )
        self._connection = psycopg.connect(address, autocommit=True)
        # Neither foreign keys nor triggers that refuse a deletion.
        self._connection.execute("SET session_replication_role = replica")
        # While a snapshot sees deleted rows, no new row takes their place: the order of rows is that of a new table.
        self._snapshot = psycopg.connect(address)
        self._snapshot.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self._snapshot.execute("SELECT 1")
        self._query = self._state_query()
        self._as_made = self._state()

    def left_behind(self) -> str:
        """Remove all rows; return what else the test left, or an empty text."""
        if _pool(self.engine).checkedout():
            return "an open connection of the engine"
        _reset(self.engine)
        if not _soon(lambda: not self._others(), CLOSING_SECONDS):
            return "an open connection"
        state = self._state()
        if state.schema != self._as_made.schema:
            return "another schema or statistics"
        if state.largest > LARGEST:
            return "a large table"
        self._empty(state.filled)
        return ""

    def drop(self) -> None:
        """Drop the database, which ends its connections."""
        for each in (self._connection, self._snapshot):
            each.close()
        self.engine.dispose()
        self._databases.drop(self.name)

    def _state_query(self) -> sql.Composed:
        names = [name for (name,) in self._connection.execute(_TABLES)]
        constant = {name for name in names if self._has_rows(name)}
        filled = [_about(_FILLED, name) for name in names if name not in constant]
        return sql.SQL(_STATE).format(
            constant=sql.SQL("").join(_about(_CONSTANT, name) for name in sorted(constant)),
            filled=sql.SQL(", ").join(filled),
        )

    def _has_rows(self, table: str) -> bool:
        query = sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(table))
        return bool(self._connection.execute(query).fetchall())

    def _state(self) -> State:
        found = self._connection.execute(self._query).fetchone()
        assert found is not None
        return State(*found)

    def _others(self) -> int:
        [count] = self._connection.execute(_CONNECTIONS).fetchall()[0]
        return int(count) - 2 - _pool(self.engine).checkedin()

    def _empty(self, tables: list[str]) -> None:
        with self._connection.transaction():
            for name in tables:
                self._connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            self._connection.execute(_RESTART)


def _about(fragment: LiteralString, table: str) -> sql.Composed:
    return sql.SQL(fragment).format(table=sql.Identifier(table), name=sql.Literal(table))


def _pool(engine: Engine) -> QueuePool:
    assert isinstance(engine.pool, QueuePool)
    return engine.pool


def _reset(engine: Engine) -> None:
    """Leave the connections as new: without a test's settings, locks and temporary tables."""
    idle = _pool(engine).checkedin()
    if idle > KEPT_CONNECTIONS:
        engine.dispose()
        return
    with ExitStack() as stack:
        for each in [stack.enter_context(engine.connect()) for _ in range(idle)]:
            driver = each.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            driver.execute(_AS_NEW, prepare=False)


class ReusedDatabase:
    """Lend a database to one test at a time. `dropped` counts why databases were not lent again."""

    def __init__(self, databases: Databases, template: str) -> None:
        self._databases = databases
        self._template = template
        self._kept: EmptiedDatabase | None = None
        self._running: set[object] = set()
        self.dropped: dict[str, int] = {}

    def take(self) -> EmptiedDatabase:
        """Return a database without rows."""
        if self._kept is None:
            self._kept = EmptiedDatabase(self._databases, self._template)
        self._running = running()
        return self._kept

    def give_back(self) -> None:
        """Empty the database for the next test, or drop it."""
        assert self._kept is not None
        reason = self._left_behind(self._kept)
        if reason:
            self.dropped[reason] = self.dropped.get(reason, 0) + 1
            self.close()

    def close(self) -> None:
        if self._kept is not None:
            kept, self._kept = self._kept, None
            kept.drop()

    def _left_behind(self, database: EmptiedDatabase) -> str:
        if not _soon(lambda: running() <= self._running, ENDING_SECONDS):
            return "a thread or process"
        try:
            return database.left_behind()
        except (psycopg.Error, SQLAlchemyError):
            return "a broken connection"


def _soon(holds: Callable[[], bool], seconds: float) -> bool:
    """Return whether `holds()`, at once or within the time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def running() -> set[object]:
    """Return the threads of this process and the ids of its child processes."""
    return {*threading.enumerate(), *_children()}


def _children() -> Iterator[int]:
    for file in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended
            yield from map(int, file.read_text(encoding="ascii").split())


@pytest.fixture(scope="session")
def reused_database(databases: Databases, template: str) -> Iterator[ReusedDatabase]:
    reused = ReusedDatabase(databases, template)
    yield reused
    reused.close()


@pytest.fixture
def database(reused_database: ReusedDatabase) -> Iterator[EmptiedDatabase]:
    """A migrated database without rows, for this test only."""
    yield reused_database.take()
    reused_database.give_back()


@pytest.fixture
def database_url(databases: Databases, database: EmptiedDatabase) -> str:
    """The address of that database."""
    return databases.address(database.name)
