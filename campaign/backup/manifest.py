"""What a backup says of itself, and which tables and columns go into one."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg import sql
from sqlalchemy import Table

from campaign.models import Base, DonorLink, DonorSession, StaffLink, StaffSession

KIND = "campaign backup"
VERSION = 1
"""Of the file's form; what its tables look like is told by the revision."""

NAME = "manifest.json"
MAX_BYTES = 1_000_000
"""Bytes of a manifest; a longer one is none of ours."""

EXCLUDED_TABLES = frozenset(
    table.__tablename__ for table in (StaffLink, StaffSession, DonorLink, DonorSession)
)
"""Nobody is signed in by a backup, and no link in it opens the staff's room or a donor's page."""

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
"""Under which a text that one server wrote is read by any other alike, however long it takes."""


@dataclass(frozen=True)
class TableDump:
    """One table: `rows` lines of text whose digest is `sha256`; `position` is the last number its identity gave."""

    table: str
    columns: list[str]
    rows: int
    sha256: str
    position: int | None

    @property
    def name(self) -> str:
        """Its name in the file."""
        return part_name(self.table)


@dataclass(frozen=True)
class Manifest:
    """A backup of the database at `revision`, as it stood at `made_at`; `parts` by foreign keys, parents first."""

    revision: str
    made_at: datetime
    parts: list[TableDump]

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)

    def as_json(self) -> bytes:
        """The text of it that goes into the file."""
        told = {
            "kind": KIND,
            "version": VERSION,
            "revision": self.revision,
            "made_at": self.made_at.isoformat(),
            "parts": [asdict(part) for part in self.parts],
        }
        return json.dumps(told, indent=1).encode()


def manifest_of(told: dict[str, Any]) -> Manifest:
    """The manifest that `told`, read from JSON, holds; KeyError, TypeError or ValueError where it is none."""
    parts = [TableDump(**part) for part in told["parts"]]
    return Manifest(str(told["revision"]), datetime.fromisoformat(told["made_at"]), parts)


def part_name(table: str) -> str:
    return f"tables/{table}.copy"


def backed_up_tables() -> Iterator[Table]:
    """The tables of a backup, each after those it refers to."""
    for table in Base.metadata.sorted_tables:
        if table.name not in EXCLUDED_TABLES:
            yield table


def columns_of(table: Table) -> list[str]:
    """Its columns without those that the database computes."""
    return [column.name for column in table.columns if column.computed is None]


def has_identity(table: Table) -> bool:
    """Whether the database numbers its rows."""
    return any(column.identity is not None for column in table.columns)


def copy_statement(table: Table, direction: str) -> sql.Composed:
    """COPY of `table`: `direction` is TO STDOUT or FROM STDIN."""
    columns = sql.SQL(", ").join(map(sql.Identifier, columns_of(table)))
    pattern = "COPY {} ({}) TO STDOUT" if direction == "TO STDOUT" else "COPY {} ({}) FROM STDIN"
    return sql.SQL(pattern).format(sql.Identifier(table.name), columns)
