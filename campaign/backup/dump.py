"""Write a backup from one snapshot of the database, in constant memory."""

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO

from psycopg import sql
from psycopg.errors import UndefinedTable
from sqlalchemy import Table
from sqlalchemy.orm import Session

from campaign.backup.manifest import (
    NAME,
    Manifest,
    TableDump,
    backed_up_tables,
    columns_of,
    copy_statement,
    has_identity,
    part_name,
)
from campaign.backup.raw_connection import (
    PsycopgConnection,
    ReportProgress,
    all_tables,
    psycopg_connection,
)
from campaign.core.errors import CampaignError

BLOCK = 1 << 18
"""Bytes to compress at once: rows are short, and each call has a cost."""


def lock_for_reading(session: Session) -> None:
    """Block migrations, and nothing else, until the transaction ends. Call it before the first query on the tables."""
    raw = psycopg_connection(session)
    try:
        raw.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(all_tables()))
    except UndefinedTable:
        raise CampaignError(
            "The database lacks tables of this version. Run `campaign db upgrade`."
        ) from None


def make_backup(
    session: Session, file: BinaryIO, revision: str, at: datetime, report: ReportProgress
) -> Manifest:
    """Write all tables to `file`, which stays open. The session must be in one REPEATABLE READ transaction."""
    raw = psycopg_connection(session)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        parts = [_write(raw, archive, table, report) for table in backed_up_tables()]
        manifest = Manifest(revision, at, parts)
        archive.writestr(NAME, manifest.as_json())
    return manifest


def _write(
    raw: PsycopgConnection, archive: zipfile.ZipFile, table: Table, report: ReportProgress
) -> TableDump:
    digest, rows = hashlib.sha256(), 0
    with (
        archive.open(part_name(table.name), "w", force_zip64=True) as part,
        raw.cursor() as cursor,
        cursor.copy(copy_statement(table, "TO STDOUT")) as copy,
    ):
        for block in _blocks(copy):
            digest.update(block)
            part.write(block)
            # In text format, a line break within a value is written as two characters, so each \n ends a row.
            rows += block.count(b"\n")
            report(table.name, rows)
    position = _position(raw, table) if has_identity(table) else None
    return TableDump(table.name, columns_of(table), rows, digest.hexdigest(), position)


def _blocks(copy: Iterable[bytes | bytearray | memoryview]) -> Iterator[bytes]:
    buffer = bytearray()
    for line in copy:
        buffer += line
        if len(buffer) >= BLOCK:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)


def _position(raw: PsycopgConnection, table: Table) -> int | None:
    """Return the last ID the sequence assigned. Sequences ignore snapshots: this is at least the highest copied ID."""
    found = raw.execute(
        "SELECT pg_sequence_last_value(pg_get_serial_sequence(quote_ident(%s), 'id')::regclass)",
        [table.name],
    ).fetchone()
    return found[0] if found else None
