"""The manifest of a backup, and the tables and columns that a backup contains."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg import sql
from sqlalchemy import Table

from campaign.models import (
    AttemptCount,
    Base,
    CardDecline,
    DonorLink,
    DonorSession,
    KeptValue,
    SessionOpening,
    Siege,
    StaffLink,
    StaffSession,
)

KIND = "campaign backup"
VERSION = 1
"""Of the file format. The migration revision identifies the structure of the tables."""

NAME = "manifest.json"
MAX_BYTES = 1_000_000
"""The most bytes of a manifest; a longer one was not written by this service."""

EXCLUDED_TABLES = frozenset(
    table.__tablename__
    for table in (
        StaffLink,
        StaffSession,
        DonorLink,
        DonorSession,
        SessionOpening,
        CardDecline,
        AttemptCount,
        Siege,
        KeptValue,
    )
)
"""Excluded: a backup has no session and no link that opens the staff pages or a donor page, and nothing that is only
remembered for days to tell thieves from donors.
"""

SETTINGS = {
    "client_encoding": "UTF8",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "timezone": "UTC",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
"""Connection settings that make every server write and read the same text, without a time limit."""


@dataclass(frozen=True)
class TableDump:
    """One table: `rows` lines of text whose digest is `sha256`; `position` is the last ID its sequence assigned."""

    table: str
    columns: list[str]
    rows: int
    sha256: str
    position: int | None

    @property
    def name(self) -> str:
        """Return its name in the archive."""
        return part_name(self.table)


@dataclass(frozen=True)
class Manifest:
    """A backup of the database at migration `revision`, as of `made_at`; `parts` by foreign keys, parents first."""

    revision: str
    made_at: datetime
    parts: list[TableDump]

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)

    def as_json(self) -> bytes:
        """Return the JSON text for the archive."""
        fields = {
            "kind": KIND,
            "version": VERSION,
            "revision": self.revision,
            "made_at": self.made_at.isoformat(),
            "parts": [asdict(part) for part in self.parts],
        }
        return json.dumps(fields, indent=1).encode()


def manifest_of(fields: dict[str, Any]) -> Manifest:
    """Build a manifest from its JSON `fields`; raises KeyError, TypeError or ValueError if they are invalid."""
    parts = [TableDump(**part) for part in fields["parts"]]
    return Manifest(str(fields["revision"]), datetime.fromisoformat(fields["made_at"]), parts)


def part_name(table: str) -> str:
    return f"tables/{table}.copy"


def backed_up_tables() -> Iterator[Table]:
    """Yield the tables of a backup, each after the tables it refers to."""
    for table in Base.metadata.sorted_tables:
        if table.name not in EXCLUDED_TABLES:
            yield table


def columns_of(table: Table) -> list[str]:
    """Return the names of the columns, without those that the database computes."""
    return [column.name for column in table.columns if column.computed is None]


def has_identity(table: Table) -> bool:
    """Return whether the database assigns IDs to the rows."""
    return any(column.identity is not None for column in table.columns)


def copy_statement(table: Table, direction: str) -> sql.Composed:
    """Return the COPY statement for `table`; `direction` is TO STDOUT or FROM STDIN."""
    columns = sql.SQL(", ").join(map(sql.Identifier, columns_of(table)))
    pattern = "COPY {} ({}) TO STDOUT" if direction == "TO STDOUT" else "COPY {} ({}) FROM STDIN"
    return sql.SQL(pattern).format(sql.Identifier(table.name), columns)
