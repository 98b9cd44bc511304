"""One migrated database for the tests of a module; each test's rows are rolled back."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.support.databases import Databases
from tests.support.row_examples import TABLES
from tests.support.row_examples.rows import Rows


@pytest.fixture(scope="module")
def connection(databases: Databases, template: str) -> Iterator[psycopg.Connection[Any]]:
    name = databases.create(template)
    with psycopg.connect(databases.address(name)) as opened:
        yield opened
        opened.rollback()
    databases.drop(name)


@pytest.fixture
def rows(connection: psycopg.Connection[Any]) -> Iterator[Rows]:
    """Insert rows; the test's end takes them back."""
    yield Rows(connection, TABLES)
    connection.rollback()
