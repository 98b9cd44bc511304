"""Puts a checked backup into an empty database, all of it or nothing. `campaign.cli.database` calls it.

Triggers are off meanwhile: what they count, tell and book is in the rows already. References are checked as ever; one
COPY a table, so that a row may refer to a later one of its own table.
"""

from psycopg import sql
from sqlalchemy import Table
from sqlalchemy.orm import Session

from campaign.backup.manifest import TableDump, backed_up_tables, copy_statement, has_identity
from campaign.backup.raw_connection import (
    PsycopgConnection,
    ReportProgress,
    all_tables,
    psycopg_connection,
)
from campaign.backup.verify import Archive
from campaign.core.errors import CampaignError
from campaign.ledger.invariants import broken_invariants
from campaign.models import Base, Heartbeat


def restore(session: Session, archive: Archive, report_progress: ReportProgress) -> None:
    """Fill the tables; raises CampaignError where they hold rows, or where the books would not be in order."""
    raw = psycopg_connection(session)
    # Whoever writes waits, so that what is empty stays so until the end.
    raw.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(all_tables()))
    _require_empty(raw)
    _switch_triggers(raw, "DISABLE")
    # A worker beats in an empty installation too.
    raw.execute(
        sql.SQL("DELETE FROM {}").format(sql.Identifier(Heartbeat.__tablename__)),
    )
    parts = {part.table: part for part in archive.manifest.parts}
    for table in backed_up_tables():
        _fill(raw, archive, table, parts[table.name], report_progress)
    _switch_triggers(raw, "ENABLE")
    _require_order(session)
    for table in backed_up_tables():
        if has_identity(table):
            _set_position(raw, table, parts[table.name])


def _require_empty(raw: PsycopgConnection) -> None:
    for table in Base.metadata.sorted_tables:
        if table.name == Heartbeat.__tablename__:
            continue
        query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table.name))
        if raw.execute(query).fetchone() == (True,):
            raise CampaignError(
                f"The database holds rows already (in {table.name}): restore into a new, empty one."
            )


def _switch_triggers(raw: PsycopgConnection, how: str) -> None:
    pattern = (
        "ALTER TABLE {} DISABLE TRIGGER USER"
        if how == "DISABLE"
        else "ALTER TABLE {} ENABLE TRIGGER USER"
    )
    for table in Base.metadata.sorted_tables:
        raw.execute(sql.SQL(pattern).format(sql.Identifier(table.name)))


def _fill(
    raw: PsycopgConnection,
    archive: Archive,
    table: Table,
    part: TableDump,
    report_progress: ReportProgress,
) -> None:
    rows = 0
    with raw.cursor() as cursor:
        with cursor.copy(copy_statement(table, "FROM STDIN")) as copy:
            for block in archive.blocks(part):
                copy.write(block)
                rows += block.count(b"\n")
                report_progress(table.name, rows)
        written = cursor.rowcount
    if written != part.rows:
        raise CampaignError(
            f"{part.table} took {written:,} of {part.rows:,} rows; nothing was restored."
        )
    # The next table's references, and the audit of the books, are planned by it.
    raw.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table.name)))


def _require_order(session: Session) -> None:
    broken = list(broken_invariants(session))
    if broken:
        raise CampaignError(
            f"The books of this backup are not in order, nothing was restored: {broken[0]}"
            f" ({len(broken):,} in all.)"
        )


def _set_position(raw: PsycopgConnection, table: Table, part: TableDump) -> None:
    """The next number follows the last that was given, also where its row is gone since."""
    query = sql.SQL(
        "SELECT setval(pg_get_serial_sequence(quote_ident(%s), 'id'), highest)"
        " FROM (SELECT greatest(%s::bigint, max(id)) AS highest FROM {}) AS found WHERE highest IS NOT NULL"
    ).format(sql.Identifier(table.name))
    raw.execute(query, [table.name, part.position])
