"""Write everything out in open formats: CSV files for people and programs, and every table as JSON lines.

One read-only snapshot; rows are streamed. Sign-in data, secrets and the tokens of personal links are left out.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Table, Text, cast, func, select
from sqlalchemy.orm import Session

from campaign.backup.manifest import EXCLUDED_TABLES
from campaign.core.csv_cells import safe_cell
from campaign.ledger.exports import EXPORTS, column_names, export_rows
from campaign.mailer.suppression_lists import COLUMNS as SUPPRESSION_COLUMNS
from campaign.mailer.suppressions import list_suppressions
from campaign.models import ApiToken, Base, Campaign, Donor, StaffPasskey, Subscription
from campaign.moving.export_readme import readme
from campaign.outreach.subscribers import COLUMNS as SUBSCRIBER_COLUMNS
from campaign.outreach.subscribers import list_subscribers

CHUNK = 1000
"""Rows held in memory at once."""

LEFT_OUT_TABLES = EXCLUDED_TABLES | {ApiToken.__tablename__, StaffPasskey.__tablename__}
_SECRET_WORDS = ("secret", "token", "password", "recovery_codes", "digest", "totp", "uniquifier")
_SECRET_COLUMNS = frozenset(
    {("donation", "session_url"), ("subscription", "payment_update_url"), ("donation", "attempt")}
)

Rows = Iterable[Mapping[str, Any]]
ReportRows = Callable[[str, int], None]
"""Called now and then with a file's name and the number of rows written."""

_MONTHLY_GIFTS = (
    select(
        Subscription.stripe_id,
        Subscription.customer_id.label("stripe_customer"),
        Campaign.slug.label("campaign"),
        Donor.email,
        Donor.name,
        Subscription.frequency,
        Subscription.amount,
        Subscription.fee_cover.label("cover"),
        Subscription.currency,
        Subscription.state,
        Subscription.current_period_end,
        Subscription.paused_until,
        Subscription.ended_at,
        Subscription.end_reason,
        Subscription.created_at,
    )
    .join(Campaign, Campaign.id == Subscription.campaign_id)
    .join(Donor, Donor.id == Subscription.donor_id)
    .order_by(Subscription.id)
)
_CAMPAIGNS = select(
    Campaign.slug,
    Campaign.title,
    Campaign.currency,
    Campaign.goal,
    Campaign.starts_at,
    Campaign.deadline,
    Campaign.timezone,
    Campaign.finalized_at,
    Campaign.final_raised,
    Campaign.appeal,
).order_by(Campaign.id)


@dataclass(frozen=True)
class ExportedFile:
    """One file of an export: its name in the folder, its columns or fields, rows, and SHA-256 digest."""

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str


def export_everything(
    session: Session, folder: Path, at: datetime, revision: str, report: ReportRows
) -> list[ExportedFile]:
    """Write all files into the empty `folder`. The session must be in one REPEATABLE READ transaction.

    Every file can be read by the owner only.
    """
    files = [
        _write_csv(folder, f"{name}.csv", columns, rows, report)
        for name, columns, rows in _lists(session)
    ]
    (folder / "tables").mkdir(mode=0o700)
    files += [
        _write_json(folder, table, _table_rows(session, table), report)
        for table in exported_tables()
    ]
    words = readme(files, list(exported_tables()), at, revision)
    (folder / "README.md").write_text(words, encoding="utf-8")
    sums = "".join(f"{one.sha256}  {one.name}\n" for one in files)
    (folder / "SHA256SUMS").write_text(sums, encoding="ascii")
    return files


def _lists(session: Session) -> Iterator[tuple[str, Sequence[str], Rows]]:
    """Yield the lists for people: their name, columns and rows."""
    for name in EXPORTS:
        yield name, column_names(name), export_rows(session, name)
    for name, query in (("monthly-gifts", _MONTHLY_GIFTS), ("campaigns", _CAMPAIGNS)):
        columns = [column.name for column in query.selected_columns]
        streamed = query.execution_options(yield_per=CHUNK)
        yield name, columns, (dict(row) for row in session.execute(streamed).mappings())
    yield "subscribers", SUBSCRIBER_COLUMNS, list_subscribers(session)
    yield "suppressions", SUPPRESSION_COLUMNS, list_suppressions(session)


def exported_tables() -> Iterator[Table]:
    """Yield the tables that are written, each after the tables it refers to."""
    for table in Base.metadata.sorted_tables:
        if table.name not in LEFT_OUT_TABLES:
            yield table


def exported_columns(table: Table) -> list[Column[Any]]:
    """Return the columns that are written: all but secrets, tokens that open a personal page, and computed ones."""
    return [column for column in table.columns if not _is_left_out(table, column)]


def _is_left_out(table: Table, column: Column[Any]) -> bool:
    secret = any(word in column.name for word in _SECRET_WORDS)
    return secret or (table.name, column.name) in _SECRET_COLUMNS or column.computed is not None


def _table_rows(session: Session, table: Table) -> Iterator[str]:
    """Yield each row as JSON, as PostgreSQL writes it: exact numbers, ISO 8601 times with offset, nested values."""
    ordered = select(*exported_columns(table)).order_by(*table.primary_key.columns)
    row = ordered.subquery("exported").table_valued()
    query = select(cast(func.row_to_json(row), Text)).execution_options(yield_per=CHUNK)
    yield from session.scalars(query)


class _DigestedFile:
    """Writes a file that only its owner can read, and counts and digests what is written."""

    def __init__(self, path: Path) -> None:
        self._digest = hashlib.sha256()
        path.touch(mode=0o600, exist_ok=False)
        self._stream = path.open("wb")

    def write(self, text: str) -> int:
        raw = text.encode("utf-8", "surrogatepass")
        self._digest.update(raw)
        return self._stream.write(raw)

    def close(self) -> str:
        """Close the file and return its digest."""
        self._stream.close()
        return self._digest.hexdigest()


def _write_csv(
    folder: Path, name: str, columns: Sequence[str], rows: Rows, report: ReportRows
) -> ExportedFile:
    file, count = _DigestedFile(folder / name), 0
    line = io.StringIO()
    # Its own row ending contains a carriage return, so that the csv module quotes those within cells.
    writer = csv.DictWriter(line, columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: safe_cell(value) for name, value in row.items()})
        count += 1
        if count % CHUNK == 0:
            _flush(line, file)
            report(name, count)
    _flush(line, file)
    return ExportedFile(name, tuple(columns), count, file.close())


def _flush(line: io.StringIO, file: _DigestedFile) -> None:
    file.write(line.getvalue())
    line.seek(0)
    line.truncate()


def _write_json(
    folder: Path, table: Table, rows: Iterable[str], report: ReportRows
) -> ExportedFile:
    name = f"tables/{table.name}.jsonl"
    file, count = _DigestedFile(folder / name), 0
    for row in rows:
        file.write(row + "\n")
        count += 1
        if count % CHUNK == 0:
            report(name, count)
    columns = tuple(column.name for column in exported_columns(table))
    return ExportedFile(name, columns, count, file.close())
