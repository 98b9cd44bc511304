"""The psycopg connection beneath a session, which is needed for COPY."""

from collections.abc import Callable
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy.orm import Session

from campaign.backup.manifest import SETTINGS
from campaign.models import Base

PsycopgConnection = psycopg.Connection[tuple[Any, ...]]

ReportProgress = Callable[[str, int], None]
"""Called now and then with a table's name and the number of rows done."""


def psycopg_connection(session: Session) -> PsycopgConnection:
    """Return the connection of this session's transaction, with the settings for portable text."""
    raw = cast("PsycopgConnection", session.connection().connection.driver_connection)
    for name, value in SETTINGS.items():
        raw.execute(sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(value)))
    return raw


def all_tables() -> sql.Composed:
    """Return the list of all tables, for LOCK TABLE."""
    return sql.SQL(", ").join(sql.Identifier(table.name) for table in Base.metadata.sorted_tables)
