"""Migrations create what the models define, can be repeated and run concurrently, and can be undone."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, inspect, pool, text

from campaign import migrations
from campaign.migrations import is_current, upgrade
from campaign.models import Base
from tests.support.databases import Databases


@pytest.fixture
def empty(databases: Databases) -> Iterator[str]:
    """The URL of a database without tables."""
    name = databases.create()
    yield databases.address(name).replace("postgresql://", "postgresql+psycopg://", 1)
    databases.drop(name)


@pytest.fixture
def engine(empty: str) -> Iterator[Engine]:
    made = create_engine(empty, poolclass=pool.NullPool)
    yield made
    made.dispose()


def downgrade(url: str) -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(migrations.__path__[0]))
    configuration.attributes["database_url"] = url
    command.downgrade(configuration, "base")


def test_the_migrations_make_what_the_models_say(empty: str, engine: Engine) -> None:
    upgrade(empty)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_migrations_make_every_constraint_and_index_that_the_models_name(
    empty: str,
    engine: Engine,
) -> None:
    """Compare definitions word for word, including checks, which Alembic's comparison ignores."""
    upgrade(empty)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA said; DROP TABLE alembic_version"))
        beside = connection.execution_options(schema_translate_map={None: "said"})
        Base.metadata.create_all(beside)
        made, said = (rules_in(connection, schema) for schema in ("public", "said"))
    assert made == said


def rules_in(connection: Connection, schema: str) -> set[tuple[str, str]]:
    """Return the name and definition of each constraint and index."""
    query = text(
        "SELECT conname, conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = to_regnamespace(:schema) UNION ALL"
        " SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = :schema",
    )
    rows = connection.execute(query, {"schema": schema})
    return {(name, wording.replace(f"{schema}.", "")) for name, wording in rows}


def test_an_upgrade_repeated_changes_nothing(empty: str, engine: Engine) -> None:
    with engine.connect() as connection:
        assert not is_current(connection)
    upgrade(empty)
    upgrade(empty)
    with engine.connect() as connection:
        assert is_current(connection)


def test_two_upgrades_at_once_do_not_collide(empty: str, engine: Engine) -> None:
    program = "import sys; from campaign.migrations import upgrade; upgrade(sys.argv[1])"
    running = [
        subprocess.Popen([sys.executable, "-c", program, empty], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    errors = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], errors
    with engine.connect() as connection:
        assert is_current(connection)


def test_a_downgrade_leaves_nothing_and_the_way_up_is_open_again(
    empty: str,
    engine: Engine,
) -> None:
    upgrade(empty)
    downgrade(empty)
    functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
        assert connection.execute(text(functions)).scalar_one() == 0
    upgrade(empty)
    with engine.connect() as connection:
        assert is_current(connection)
