"""Rows and statements as the database itself gets them: for tests of its rules, with no service in between."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert as inserting
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from campaign.models import Base
from campaign.runtime.context import Installation


def execute(installation: Installation, statement: str, **values: Any) -> None:
    with installation.engine.begin() as connection:
        connection.execute(text(statement), values)


def insert(installation: Installation, model: type[Base], **values: Any) -> Any:
    """A row of this table; its key, or the first part of it."""
    with installation.engine.begin() as connection:
        return connection.execute(inserting(model).values(**values)).inserted_primary_key[0]


def refusals(installation: Installation, table: str, changes: Iterable[str]) -> dict[str, str]:
    """For each change of its rows the constraint or the sentence that refuses it, '' where it may be; none is kept."""
    return {change: _refusal(installation, f"UPDATE {table} SET {change}") for change in changes}


def _refusal(installation: Installation, statement: str) -> str:
    with installation.engine.connect() as connection:
        try:
            assert connection.execute(text(statement)).rowcount, "there is no row to change"
        except DBAPIError as error:
            told = error.orig.diag
            return told.constraint_name or told.message_primary
    return ""
