"""One PostgreSQL server and one migrated template for a whole run, copied in milliseconds."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from campaign.migrations import upgrade
from campaign.models.base import new_token
from sandbox.servers import PrivatePostgres
from sandbox.servers.account import unprivileged
from sandbox.servers.scratch import scratch_folder

SERVER = "TEST_POSTGRES"
TEMPLATE = "TEST_TEMPLATE"
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 4 * 1024**3
FOR_TESTS = {
    "autovacuum": "off",  # statistics of another moment in each run would make other plans
    "wal_level": "minimal",  # a copy of the template needs no log
    "max_wal_senders": "0",
}


class Databases:
    """Create and drop databases on one server."""

    def __init__(self, server: str) -> None:
        self.server = server

    def address(self, name: str) -> str:
        return f"{self.server.rpartition('/')[0]}/{name}"

    def create(self, template: str | None = None) -> str:
        name = f"test_{new_token().lower().replace('-', '_')}"
        statement: sql.SQL | sql.Composed = sql.SQL("CREATE DATABASE {}").format(
            sql.Identifier(name)
        )
        if template:
            # Copying files takes half the time of writing them through the log.
            statement += sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(template))
        self._execute(statement)
        return name

    def create_migrated(self) -> str:
        """Create a database and run every migration in it."""
        name = self.create()
        upgrade(self.address(name).replace("postgresql://", "postgresql+psycopg://", 1))
        return name

    def drop(self, name: str) -> None:
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def private_server() -> Iterator[str]:
    """Start a PostgreSQL server of our own and return its address."""
    folder = scratch_folder(unprivileged(), preferred=_memory())
    try:
        with PrivatePostgres(folder / "server", settings=FOR_TESTS) as server:
            yield server.url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> Path | None:
    """Return a folder in memory if it has enough space. A copy of the template takes ten times as long on disk."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES:
        return MEMORY
    return None


@contextmanager
def shared_databases() -> Iterator[dict[str, str]]:
    """Start one server with one migrated template; return the environment that lends it to processes of pytest."""
    with private_server() as server:
        yield {SERVER: server, TEMPLATE: Databases(server).create_migrated()}


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of the PostgreSQL server in DATABASE_URL, of one for the whole run, or of a private one."""
    given = os.environ.get("DATABASE_URL") or os.environ.get(SERVER)
    if given:
        yield given
        return
    with private_server() as server:
        yield server


@pytest.fixture(scope="session")
def databases(postgres: str) -> Databases:
    return Databases(postgres)


@pytest.fixture(scope="session")
def template(databases: Databases) -> Iterator[str]:
    """The name of a migrated, empty database: one for the whole run, or a new one."""
    if shared := os.environ.get(TEMPLATE):
        yield shared
        return
    name = databases.create_migrated()
    yield name
    databases.drop(name)
