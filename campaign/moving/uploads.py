"""Files that staff upload: kept, checked by a dry run, imported once staff confirm, and forgotten.

A worker carries out both; it may die at any moment and is simply begun again, because an import adds nobody twice.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core import clock
from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import CampaignError, ListInvalid, NotFound
from campaign.models import FileImport, FileImportPart, FileImportState, StaffRole
from campaign.moving.amounts import DecimalMark
from campaign.moving.importing import (
    ImportListener,
    ImportPlan,
    ImportReport,
    ImportRequest,
    plan_import,
    run_import,
)
from campaign.moving.kinds import KINDS
from campaign.moving.moments import DateOrder
from campaign.moving.tables import Table, TableRow, open_table
from campaign.runtime.context import Installation

LARGEST = 50_000_000
"""Bytes of one file on the page; the command has no limit."""

PART = 1 << 20
LEASE = timedelta(minutes=5)
"""How long a worker may be silent before another one begins its file again."""

KEPT = timedelta(days=1)
"""How long an uploaded file waits for its confirmation, and a report is shown afterwards."""

TASK = "workers.upkeep.import_files"
MOST_LINES = 200
"""The most refusals and notes kept with a report; the counts have all."""

SAMPLES = 3
SHOWN_COLUMNS = 300
"""Columns of a file that the page shows and can map; more than a form should send."""

_WORKING = (FileImportState.checking.value, FileImportState.importing.value)

log = get_logger(__name__)


def begin_upload(
    session: Session,
    kind: str,
    name: str,
    stream: IO[bytes],
    options: Mapping[str, Any],
    actor: Actor,
) -> FileImport:
    """Store a file to be checked. Raises ListInvalid if it is empty, too large or of no kind that we know."""
    if kind not in KINDS:
        raise ListInvalid("Choose what the file contains.")
    upload = FileImport(
        kind=kind,
        file_name=name[:200] or "file",
        size=1,
        options=dict(options),
        requested_by=actor.name,
    )
    session.add(upload)
    session.flush()
    size = 0
    for number, content in enumerate(iter(partial(stream.read, PART), b"")):
        size += len(content)
        if size > LARGEST:
            raise ListInvalid(
                f"The file is larger than {LARGEST // 1_000_000} MB. Split it, or use the command `campaign import`."
            )
        session.add(FileImportPart(file_import_id=upload.id, number=number, content=content))
        session.flush()
        session.expunge_all()
    if not size:
        raise ListInvalid("Choose a file that is not empty.")
    session.execute(update(FileImport).where(FileImport.id == upload.id).values(size=size))
    after = {"kind": kind, "size": size}
    record(session, actor, "file_import.uploaded", Subject("import", str(upload.id)), after=after)
    return find_upload(session, upload.id)


def find_upload(session: Session, upload_id: int) -> FileImport:
    """Return one upload; raises NotFound."""
    upload = session.get(FileImport, upload_id)
    if upload is None:
        raise NotFound(f"There is no uploaded file {upload_id}. Files are kept for a day.")
    return upload


def recent_uploads(session: Session) -> Sequence[FileImport]:
    """Return the uploads that are kept, newest first."""
    return session.scalars(select(FileImport).order_by(FileImport.id.desc()).limit(20)).all()


def check_again(session: Session, upload_id: int, options: Mapping[str, Any], actor: Actor) -> None:
    """Check a file again as staff now say it is to be read; raises NotFound, ListInvalid."""
    _move(
        session, upload_id, FileImportState.checked, FileImportState.checking, options=dict(options)
    )
    record(session, actor, "file_import.mapped", Subject("import", str(upload_id)))


def confirm(session: Session, upload_id: int, actor: Actor) -> None:
    """Import a file that was checked; raises NotFound, ListInvalid."""
    if find_upload(session, upload_id).error:
        raise ListInvalid("The file cannot be imported as it is read now. Correct that first.")
    _move(session, upload_id, FileImportState.checked, FileImportState.importing)
    record(session, actor, "file_import.confirmed", Subject("import", str(upload_id)))


def discard(session: Session, upload_id: int, actor: Actor) -> None:
    """Delete a file that is not being imported, and its report; raises NotFound, ListInvalid."""
    upload = find_upload(session, upload_id)
    if upload.state == FileImportState.importing:
        raise ListInvalid("The file is being imported. Wait until that has ended.")
    _forget(session, [upload_id])
    record(session, actor, "file_import.discarded", Subject("import", str(upload_id)))


def _move(
    session: Session, upload_id: int, before: FileImportState, after: FileImportState, **values: Any
) -> None:
    find_upload(session, upload_id)
    moved = session.execute(
        update(FileImport)
        .where(FileImport.id == upload_id, FileImport.state == before.value)
        .values(state=after.value, rows=0, error=None, lease_until=None, **values)
        .returning(FileImport.id)
    )
    if moved.one_or_none() is None:
        raise ListInvalid("The file is being worked on, or is imported already. Look at it again.")


def import_files(installation: Installation, only: int | None = None) -> int:
    """Check or import every file that waits, or `only` that one; return how many were worked on."""
    finished = 0
    while (upload_id := _claim(installation, clock.now(), only)) is not None:
        _carry_out(installation, upload_id)
        finished += 1
    with installation.sessions.begin() as session:
        purge_uploads(session, clock.now())
    return finished


def purge_uploads(session: Session, at: datetime) -> int:
    """Delete files that nobody confirmed, and old reports; return how many."""
    old = session.scalars(
        select(FileImport.id)
        .where(FileImport.state.not_in(_WORKING), FileImport.created_at < at - KEPT)
        .with_for_update(skip_locked=True)
    ).all()
    _forget(session, old)
    return len(old)


def _forget(session: Session, uploads: Sequence[int]) -> None:
    session.execute(delete(FileImportPart).where(FileImportPart.file_import_id.in_(uploads)))
    session.execute(delete(FileImport).where(FileImport.id.in_(uploads)))


def _claim(installation: Installation, at: datetime, only: int | None) -> int | None:
    """Take the oldest waiting file that no living worker has."""
    query = select(FileImport).where(
        FileImport.state.in_(_WORKING),
        or_(FileImport.lease_until.is_(None), FileImport.lease_until < at),
    )
    if only is not None:
        query = query.where(FileImport.id == only)
    with installation.sessions.begin() as session:
        found = session.scalar(
            query.order_by(FileImport.id).limit(1).with_for_update(skip_locked=True)
        )
        if found is None:
            return None
        found.lease_until, found.rows = at + LEASE, 0
        return found.id


def _carry_out(installation: Installation, upload_id: int) -> None:
    with installation.sessions() as session:
        upload = find_upload(session, upload_id)
    dry_run = upload.state == FileImportState.checking
    report, error = dict(upload.report), None
    with _as_file(installation, upload_id) as path:
        try:
            report = _run(installation, upload, path, dry_run=dry_run)
        except CampaignError as refused:
            error = str(refused)
            report |= _columns(path, upload)
    _end(installation, upload_id, report, error, dry_run=dry_run)


def _run(
    installation: Installation, upload: FileImport, path: Path, *, dry_run: bool
) -> dict[str, Any]:
    """Run the import or its dry run; return the report to keep."""
    importer = KINDS[upload.kind](installation)
    zone = clock.zone(installation.settings.organization.timezone)
    plan = plan_import(
        importer, request_of(upload.options, path, upload.file_name), zone, clock.now()
    )
    lines = _KeptLines()
    listener = ImportListener(
        lines.refuse,
        lines.note,
        partial(_advance, installation, upload.id),
    )
    actor = Actor(upload.requested_by, StaffRole.admin)
    report = run_import(importer, plan, installation.sessions, actor, listener, dry_run=dry_run)
    return {
        **_of_plan(plan),
        "rows": report.rows,
        "counts": {word: count for word, count in report.counts.items() if count},
        "refused": report.refused,
        "noted": report.noted,
        "closing": list(importer.closing()),
        "refusals": [[one.line, one.reason] for one in lines.refused],
        "notes": [[one.line, one.reason] for one in lines.noted],
    }


class _KeptLines:
    """The first refusals and notes of a report."""

    def __init__(self) -> None:
        self.refused: list[RejectedLine] = []
        self.noted: list[RejectedLine] = []

    def refuse(self, line: RejectedLine) -> None:
        if len(self.refused) < MOST_LINES:
            self.refused.append(line)

    def note(self, line: RejectedLine) -> None:
        if len(self.noted) < MOST_LINES:
            self.noted.append(line)


def _of_plan(plan: ImportPlan) -> dict[str, Any]:
    return {
        **_of_table(plan.table),
        "system": plan.preset.system,
        "fields": {column: name for name, column in plan.columns.columns.items()},
        "dates": plan.order.value if plan.order else "",
        "decimal": plan.mark.value if plan.mark else "",
    }


def _of_table(table: Table) -> dict[str, Any]:
    """Return the columns with their first values, for staff to see what is in them."""
    rows = [row for row in islice(table.rows(), SAMPLES) if isinstance(row, TableRow)]
    return {
        "encoding": table.encoding.title,
        "guessed": table.encoding.guessed,
        "columns": [
            {"name": column, "samples": [row.cells[column][:60] for row in rows]}
            for column in table.columns[:SHOWN_COLUMNS]
        ],
    }


def _columns(path: Path, upload: FileImport) -> dict[str, Any]:
    """Return what can be shown of a file that cannot be imported as it is read."""
    try:
        table = open_table(path, encoding=upload.options.get("encoding", ""))
    except ListInvalid:
        return {}
    return _of_table(table)


def request_of(options: Mapping[str, Any], path: Path, name: str) -> ImportRequest:
    """Return the request that `options` describe, as the page stores them."""
    dates, decimal = options.get("dates"), options.get("decimal")
    return ImportRequest(
        path,
        file_name=name,
        preset=options.get("preset", ""),
        given=tuple(options.get("given", ())),
        dates=DateOrder(dates) if dates else None,
        decimal=DecimalMark(decimal) if decimal else None,
        zone=options.get("zone", ""),
        encoding=options.get("encoding", ""),
        consent_source=options.get("consent_source", ""),
        campaign=options.get("campaign", ""),
        currency=options.get("currency", ""),
        states=tuple(options.get("states", ())),
    )


@contextmanager
def _as_file(installation: Installation, upload_id: int) -> Iterator[Path]:
    """Yield the uploaded file as a temporary file."""
    with tempfile.NamedTemporaryFile() as file:
        parts = (
            select(FileImportPart.content)
            .where(FileImportPart.file_import_id == upload_id)
            .order_by(FileImportPart.number)
            .execution_options(yield_per=1)
        )
        with installation.sessions() as session:
            for content in session.scalars(parts):
                file.write(content)
        file.flush()
        yield Path(file.name)


def _advance(installation: Installation, upload_id: int, report: ImportReport) -> None:
    with installation.sessions.begin() as session:
        session.execute(
            update(FileImport)
            .where(FileImport.id == upload_id)
            .values(rows=report.rows, lease_until=clock.now() + LEASE)
        )


def _end(
    installation: Installation,
    upload_id: int,
    report: dict[str, Any],
    error: str | None,
    *,
    dry_run: bool,
) -> None:
    state = FileImportState.failed if error else FileImportState.done
    if dry_run:
        state = FileImportState.checked
    with installation.sessions.begin() as session:
        upload = session.get(FileImport, upload_id, with_for_update=True)
        if upload is None:
            return
        upload.state, upload.report, upload.error = state.value, report, error
        upload.lease_until = None
        if not dry_run:
            upload.finished_at = clock.now()
            parts = delete(FileImportPart).where(FileImportPart.file_import_id == upload_id)
            session.execute(parts)
    log.info("file_import_ended", upload=upload_id, state=state.value, rows=report.get("rows", 0))
