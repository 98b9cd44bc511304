"""Migrations can be repeated, run concurrently, and be undone. `test_schema.py` compares what they create."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, inspect, pool, text

from campaign import migrations
from campaign.migrations import is_current, upgrade
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
