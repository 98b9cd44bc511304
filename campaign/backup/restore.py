"""Restore a verified backup into an empty database, completely or not at all. `campaign.cli.database` calls it.

Triggers are disabled meanwhile, because their results are already in the rows. Foreign keys are checked as usual; each
table is loaded with one COPY, so that a row can refer to a later row of its own table.
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
from campaign.receipts.numbers import hold_numbers


def restore(session: Session, archive: Archive, report: ReportProgress) -> None:
    """Fill the tables, and hold receipts until the numbers given since are read from Stripe.

    Raises CampaignError if they contain rows, or if the restored ledger would be inconsistent.
    """
    raw = psycopg_connection(session)
    # Block writers, so that the tables stay empty until the restore ends.
    raw.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(all_tables()))
    _require_empty(raw)
    _switch_triggers(raw, "DISABLE")
    # Workers write heartbeats in an empty installation too.
    raw.execute(
        sql.SQL("DELETE FROM {}").format(sql.Identifier(Heartbeat.__tablename__)),
    )
    parts = {part.table: part for part in archive.manifest.parts}
    for table in backed_up_tables():
        _fill(raw, archive, table, parts[table.name], report)
    _switch_triggers(raw, "ENABLE")
    _require_consistency(session)
    for table in backed_up_tables():
        if has_identity(table):
            _set_position(raw, table, parts[table.name])
    hold_numbers(session, archive.manifest.made_at)


def _require_empty(raw: PsycopgConnection) -> None:
    for table in Base.metadata.sorted_tables:
        if table.name == Heartbeat.__tablename__:
            continue
        query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table.name))
        if raw.execute(query).fetchone() == (True,):
            raise CampaignError(
                f"The database is not empty: {table.name} has rows. Restore into a new, empty one."
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
    raw: PsycopgConnection, archive: Archive, table: Table, part: TableDump, report: ReportProgress
) -> None:
    rows = 0
    with raw.cursor() as cursor:
        with cursor.copy(copy_statement(table, "FROM STDIN")) as copy:
            for block in archive.blocks(part):
                copy.write(block)
                rows += block.count(b"\n")
                report(table.name, rows)
        written = cursor.rowcount
    if written != part.rows:
        raise CampaignError(
            f"Only {written:,} of {part.rows:,} rows of {part.table} were written."
            " Nothing was restored."
        )
    # The foreign key checks of the next tables and the check of the ledger need these statistics.
    raw.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table.name)))


def _require_consistency(session: Session) -> None:
    broken = list(broken_invariants(session))
    if broken:
        raise CampaignError(
            f"The ledger of this backup is inconsistent. Nothing was restored. {broken[0]}"
            f" ({len(broken):,} in all)"
        )


def _set_position(raw: PsycopgConnection, table: Table, part: TableDump) -> None:
    """Make the next ID follow the last one assigned, even if that row has been deleted since."""
    query = sql.SQL(
        "SELECT setval(pg_get_serial_sequence(quote_ident(%s), 'id'), highest)"
        " FROM (SELECT greatest(%s::bigint, max(id)) AS highest FROM {}) AS found WHERE highest IS NOT NULL"
    ).format(sql.Identifier(table.name))
    raw.execute(query, [table.name, part.position])
