"""The database of the tests: no test sees what another left."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from tests.support.databases import Databases
from tests.support.reused_database import LARGEST, EmptiedDatabase, ReusedDatabase
from tests.support.row_examples import TABLES
from tests.support.row_examples.rows import Rows


@pytest.fixture
def reused(databases: Databases, template: str) -> Iterator[ReusedDatabase]:
    lender = ReusedDatabase(databases, template)
    yield lender
    lender.close()


def fill(address: str, *tables: str) -> None:
    """Commit a row in each of these tables, and in those that they need."""
    with psycopg.connect(address) as connection:
        rows = Rows(connection, TABLES)
        for table in tables:
            rows.add(table)


def counts(address: str) -> dict[str, int]:
    with psycopg.connect(address) as connection:
        query = sql.SQL("SELECT count(*) FROM {}")
        found = {
            name: connection.execute(query.format(sql.Identifier(name))).fetchall()[0][0]
            for name in TABLES
        }
    return {name: count for name, count in found.items() if count}


def test_the_next_test_finds_no_row_of_any_table_and_every_number_starts_again(
    reused: ReusedDatabase, databases: Databases
) -> None:
    lent = reused.take()
    address = databases.address(lent.name)
    assert counts(address) == {}
    fill(address, *TABLES)
    assert counts(address).keys() == TABLES.keys()
    reused.give_back()
    assert reused.take() is lent
    assert counts(address) == {}
    with lent.engine.begin() as connection:
        numbers = connection.execute(
            text("SELECT count(*), count(last_value) FROM pg_sequences")
        ).one()
        assert numbers[0] > 30
        assert numbers[1] == 0


LEFT = {
    "CREATE TABLE fresh (id bigint)": "another schema or statistics",
    "DROP TABLE code_visit": "a broken connection",
    "ALTER TABLE ledger_entry DISABLE TRIGGER append_only": "another schema or statistics",
    "ALTER TABLE note ALTER text DROP NOT NULL": "another schema or statistics",
    "ALTER TABLE campaign ALTER grace_days SET DEFAULT 7": "another schema or statistics",
    "ALTER TABLE campaign DROP CONSTRAINT ck_campaign_goal": "another schema or statistics",
    "DROP INDEX ix_donation_promised": "another schema or statistics",
    "ALTER SEQUENCE note_id_seq INCREMENT 2": "another schema or statistics",
    "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'": "another schema or statistics",
    "CREATE SCHEMA elsewhere": "another schema or statistics",
    "COMMENT ON TABLE note IS 'other'": "another schema or statistics",
    "UPDATE alembic_version SET version_num = 'other'": "another schema or statistics",
    "ANALYZE campaign": "another schema or statistics",
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET jit = on', current_database()); END $$": (
        "another schema or statistics"
    ),
    "INSERT INTO heartbeat (job) SELECT generate_series(1, 900)": "a large table",
}


@pytest.mark.parametrize("statement", LEFT)
def test_a_database_with_more_than_rows_is_not_lent_again(
    reused: ReusedDatabase, databases: Databases, statement: str
) -> None:
    first = reused.take()
    with psycopg.connect(databases.address(first.name), autocommit=True) as connection:
        connection.execute(statement)
    reused.give_back()
    assert reused.dropped == {LEFT[statement]: 1}
    second = reused.take()
    assert second is not first
    assert counts(databases.address(second.name)) == {}
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(databases.address(first.name))


@contextmanager
def _a_connection(lent: EmptiedDatabase, address: str) -> Iterator[None]:
    with psycopg.connect(address) as connection:
        yield
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


@contextmanager
def _a_session(lent: EmptiedDatabase, address: str) -> Iterator[None]:
    connection = lent.engine.connect()
    yield
    connection.invalidate()


@contextmanager
def _a_thread(lent: EmptiedDatabase, address: str) -> Iterator[None]:
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    yield
    end.set()
    thread.join()


@contextmanager
def _a_process(lent: EmptiedDatabase, address: str) -> Iterator[None]:
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE):
        yield


Leave = Callable[[EmptiedDatabase, str], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("leave", "reason"),
    [
        (lambda lent, address: nullcontext(), None),
        (_a_connection, "an open connection"),
        (_a_session, "an open connection of the engine"),
        (_a_thread, "a thread or process"),
        (_a_process, "a thread or process"),
    ],
    ids=["nothing", "connection", "session", "thread", "process"],
)
def test_a_database_that_something_may_still_use_is_not_lent_again(
    reused: ReusedDatabase, databases: Databases, leave: Leave, reason: str | None
) -> None:
    lent = reused.take()
    with leave(lent, databases.address(lent.name)):
        reused.give_back()
    assert reused.dropped == ({reason: 1} if reason else {})


def test_a_kept_connection_has_nothing_of_the_test_before(reused: ReusedDatabase) -> None:
    lent = reused.take()
    with lent.engine.begin() as connection:
        [before] = connection.execute(text("SELECT pg_backend_pid()")).one()
        for statement in (
            "SET TIME ZONE 'Asia/Tokyo'",
            "LISTEN progress",
            "CREATE TEMPORARY TABLE hidden (id int)",
            "SELECT pg_advisory_lock(7)",
        ):
            connection.execute(text(statement))
    reused.give_back()
    assert reused.dropped == {}
    with reused.take().engine.begin() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() == before
        assert connection.execute(text("SHOW TIME ZONE")).scalar_one() == "UTC"
        assert connection.execute(text("SELECT pg_listening_channels()")).all() == []
        assert connection.execute(text("SELECT to_regclass('hidden')")).scalar_one() is None
        # Of this session only: the databases of other tests are on the same server.
        locks = text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        assert connection.execute(locks).scalar_one() == 0


def test_no_row_takes_the_place_of_a_deleted_one(
    reused: ReusedDatabase, databases: Databases
) -> None:
    """The order of rows that no ORDER BY sorts is that of a new table."""
    lent = reused.take()
    address = databases.address(lent.name)
    fill(address, "heartbeat")
    reused.give_back()
    assert reused.take() is lent
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("VACUUM heartbeat")
        connection.execute("INSERT INTO heartbeat (job) VALUES ('second')")
        [place] = connection.execute("SELECT ctid::text FROM heartbeat").fetchall()
        assert place == ("(0,2)",)
        size = connection.execute("SELECT pg_relation_size('heartbeat')").fetchall()[0][0]
    assert 0 < size < LARGEST
