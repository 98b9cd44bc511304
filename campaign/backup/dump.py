"""Writes a backup from one snapshot of the database, in flat memory."""

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
"""Bytes that are compressed at once: rows are short, and each call costs."""


def lock_for_reading(session: Session) -> None:
    """Keep migrations away until the end of the transaction, and nobody else; before its first look at the tables."""
    raw = psycopg_connection(session)
    try:
        raw.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(all_tables()))
    except UndefinedTable:
        raise CampaignError(
            "The database lacks tables of this version; run `campaign db upgrade`."
        ) from None


def make_backup(
    session: Session, file: BinaryIO, revision: str, at: datetime, report_progress: ReportProgress
) -> Manifest:
    """Write all tables to `file`, which is left open. The session reads one REPEATABLE READ transaction."""
    raw = psycopg_connection(session)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        parts = [_write(raw, archive, table, report_progress) for table in backed_up_tables()]
        manifest = Manifest(revision, at, parts)
        archive.writestr(NAME, manifest.as_json())
    return manifest


def _write(
    raw: PsycopgConnection, archive: zipfile.ZipFile, table: Table, report_progress: ReportProgress
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
            # In text format a line break within a value is written as two characters.
            rows += block.count(b"\n")
            report_progress(table.name, rows)
    position = _position(raw, table) if has_identity(table) else None
    return TableDump(table.name, columns_of(table), rows, digest.hexdigest(), position)


def _blocks(copy: Iterable[bytes | bytearray | memoryview]) -> Iterator[bytes]:
    held = bytearray()
    for line in copy:
        held += line
        if len(held) >= BLOCK:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _position(raw: PsycopgConnection, table: Table) -> int | None:
    """The last number that was given. Sequences know no snapshot: it is at least the highest that was copied."""
    found = raw.execute(
        "SELECT pg_sequence_last_value(pg_get_serial_sequence(quote_ident(%s), 'id')::regclass)",
        [table.name],
    ).fetchone()
    return found[0] if found else None
