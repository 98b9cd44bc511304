"""The driver's own connection beneath a session, which alone speaks COPY."""

from collections.abc import Callable
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy.orm import Session

from campaign.backup.manifest import SETTINGS
from campaign.models import Base

PsycopgConnection = psycopg.Connection[tuple[Any, ...]]

ReportProgress = Callable[[str, int], None]
"""Is told a table's name and how many of its rows are done, now and then."""


def psycopg_connection(session: Session) -> PsycopgConnection:
    """The connection of this session's transaction, set to write and read text alike everywhere."""
    raw = cast("PsycopgConnection", session.connection().connection.driver_connection)
    for name, value in SETTINGS.items():
        raw.execute(sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(value)))
    return raw


def all_tables() -> sql.Composed:
    """Every table of the service, for a LOCK."""
    return sql.SQL(", ").join(sql.Identifier(table.name) for table in Base.metadata.sorted_tables)
