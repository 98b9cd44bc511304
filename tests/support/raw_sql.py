"""Run statements directly on the database, for tests of its constraints and triggers."""

from collections.abc import Iterable
from typing import Any, cast

from psycopg import Error
from sqlalchemy import insert as inserting
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from campaign.models import Base
from campaign.runtime.context import Installation


def execute(installation: Installation, statement: str, **values: Any) -> None:
    with installation.engine.begin() as connection:
        connection.execute(text(statement), values)


def insert(installation: Installation, model: type[Base], **values: Any) -> Any:
    """Insert a row; return its primary key, or the first column of it."""
    with installation.engine.begin() as connection:
        return connection.execute(inserting(model).values(**values)).inserted_primary_key[0]


def rejections(installation: Installation, table: str, changes: Iterable[str]) -> dict[str, str]:
    """Return for each change the constraint or message that rejects it, or '' if it is allowed. Nothing is saved."""
    return {change: _refusal(installation, f"UPDATE {table} SET {change}") for change in changes}


def _refusal(installation: Installation, statement: str) -> str:
    with installation.engine.connect() as connection:
        try:
            assert connection.execute(text(statement)).rowcount, "there is no row to change"
        except DBAPIError as error:
            diagnostics = cast("Error", error.orig).diag
            return diagnostics.constraint_name or diagnostics.message_primary
    return ""
