"""Import a file of another system: map its columns, read each row, save in chunks, and report by line.

Each chunk is one transaction, so that an interrupted import loses nothing and a second run of the same file adds what
is missing. What is there already is left as it is. A dry run reads and reports the same and saves nothing.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import ClassVar, Generic, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core.csv_lists import RejectedLine
from campaign.core.database import Sessions
from campaign.core.errors import ListInvalid
from campaign.moving.amounts import AmountEvidence, DecimalMark
from campaign.moving.columns import ColumnMap, ImportField, Preset, find_preset, map_columns
from campaign.moving.moments import DateEvidence, DateOrder
from campaign.moving.seen_keys import SeenKeys
from campaign.moving.tables import Table, TableRow, open_table
from campaign.moving.zones import read_zone

CHUNK = 1000
"""Rows of one transaction, and the most held in memory."""

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class ImportRequest:
    """What a person says about a file. '' and None mean that the file itself shows it, or the organization's setting.

    `file_name`: as people know the file, if `path` is a copy. `given`: `Their column=our field`. `zone`: of times that
    have none. `consent_source`: where people agreed, for a file that does not say so itself. `campaign`: the slug of
    the one that gifts belong to. For gifts: `states` are `Their word=state`; `system`: a name for where a plain list
    comes from; `currency`: of amounts without one; `receipts`: issue ours; `alike`: also those like one that is here.
    """

    path: Path
    file_name: str = ""
    preset: str = ""
    given: tuple[str, ...] = ()
    dates: DateOrder | None = None
    decimal: DecimalMark | None = None
    zone: str = ""
    encoding: str = ""
    consent_source: str = ""
    campaign: str = ""
    states: tuple[str, ...] = ()
    system: str = ""
    currency: str = ""
    receipts: bool = False
    alike: bool = False


@dataclass(frozen=True)
class ImportPlan:
    """How a file is read: its table, preset and columns, and what was decided from all of its rows."""

    table: Table
    preset: Preset
    columns: ColumnMap
    order: DateOrder | None
    mark: DecimalMark | None
    zone: ZoneInfo
    request: ImportRequest
    at: datetime


@dataclass(frozen=True)
class ReadEntry(Generic[Entry]):
    """A row that was read: `entry` to save, or None and why it counts as nothing, such as `test gift`.

    `key`: what may be in a file once, such as an address; '' if anything may. `repeated`: how a row with the key of
    another one counts; '' if it is refused. `notes`: what was left out of the row.
    """

    line: int
    entry: Entry | None
    key: str = ""
    left_out: str = ""
    notes: tuple[str, ...] = ()
    repeated: str = ""


@dataclass
class SavedEntries:
    """What became of a chunk: how many by a word for people, such as `added`, and the rows refused after all."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[RejectedLine] = field(default_factory=list)


@dataclass
class ImportReport:
    """The result of an import, or of its dry run. `counts`: by a word for people, in the order of the kind."""

    plan: ImportPlan
    dry_run: bool
    counts: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    refused: int = 0
    noted: int = 0

    def sentence(self) -> str:
        """Return `5 added, 2 already present, 1 rejected.`."""
        parts = [f"{count:,} {word}" for word, count in self.counts.items() if count]
        return ", ".join([*parts, f"{self.refused:,} rejected"]) + "."


class ImportKind(ABC, Generic[Entry]):
    """One kind of file: its fields, the systems that write it, and how a row is read and saved."""

    name: ClassVar[str]
    action: ClassVar[str]
    """The audit log's word, such as `subscribers.imported`."""

    fields: ClassVar[Sequence[ImportField]]
    presets: ClassVar[Sequence[Preset]]
    """The first one is for a file of no particular system."""

    counted: ClassVar[Sequence[str]]
    """The words of the report, in its order."""

    dates: ClassVar[Sequence[str]] = ()
    amounts: ClassVar[Sequence[str]] = ()
    """Fields whose cells show together how the file writes dates and amounts."""

    single: ClassVar[str] = ""
    """The field of a plain list without a header."""

    def check(self, plan: ImportPlan) -> None:  # most kinds need only their required columns
        """Raise ListInvalid if the file as a whole is not of this kind."""

    @abstractmethod
    def read(self, row: TableRow, plan: ImportPlan) -> ReadEntry[Entry]:
        """Return what the row says. Raises ValueError with the reason for a row that is refused."""

    @abstractmethod
    def save(
        self, session: Session, entries: Sequence[ReadEntry[Entry]], *, dry_run: bool
    ) -> SavedEntries:
        """Save entries in the caller's transaction, each once; in a dry run only look what would happen.

        All have an entry. The order of two imports at the same time must not matter.
        """

    def closing(self) -> Sequence[str]:
        """Return more sentences about the result, for people."""
        return ()


def plan_import(
    kind: ImportKind[Entry], request: ImportRequest, zone: ZoneInfo, at: datetime
) -> ImportPlan:
    """Decide how the file is read; `zone` is the organization's. Raises ListInvalid."""
    table = open_table(request.path, encoding=request.encoding, single=kind.single)
    preset = find_preset(kind.presets, request.preset, table.columns)
    columns = map_columns(table.columns, kind.fields, preset, request.given)
    order, mark = _evidence(kind, table, columns)
    plan = ImportPlan(
        table=table,
        preset=preset,
        columns=columns,
        order=request.dates or order,
        mark=request.decimal or mark,
        zone=_zone(request.zone or preset.zone, zone),
        request=request,
        at=at,
    )
    kind.check(plan)
    return plan


def _evidence(
    kind: ImportKind[Entry], table: Table, columns: ColumnMap
) -> tuple[DateOrder | None, DecimalMark | None]:
    """Return what all dates and amounts of the file show together, reading it once."""
    dates, amounts = DateEvidence(), AmountEvidence()
    of_dates, of_amounts = columns.present(kind.dates), columns.present(kind.amounts)
    for row in table.rows() if of_dates or of_amounts else ():
        if isinstance(row, TableRow):
            for column in of_dates:
                dates.see(row.cells[column])
            for column in of_amounts:
                amounts.see(row.cells[column])
    return dates.order, amounts.mark


def _zone(name: str, organization: ZoneInfo) -> ZoneInfo:
    try:
        return ZoneInfo(read_zone(name)) if name else organization
    except ValueError as error:
        raise ListInvalid(f"{error}.") from None


def read_entries(
    kind: ImportKind[Entry], plan: ImportPlan
) -> Iterator[ReadEntry[Entry] | RejectedLine]:
    """Yield each row as read, or why it is refused. A key that a row before it has is refused."""
    with SeenKeys() as seen:
        for row in plan.table.rows():
            if isinstance(row, RejectedLine):
                yield row
                continue
            try:
                found = kind.read(row, plan)
            except ValueError as error:
                yield RejectedLine(row.line, str(error).rstrip("."))
                continue
            first = seen.first_line(found.key, row.line) if found.key else row.line
            if first != row.line and found.repeated:
                yield ReadEntry(row.line, None, left_out=found.repeated)
            elif first != row.line:
                yield RejectedLine(row.line, f"{found.key} is already on line {first}")
            else:
                yield found


@dataclass(frozen=True)
class ImportListener:
    """Called during an import: for each refused row, for each note about a row, and after each chunk."""

    refused: Callable[[RejectedLine], None]
    noted: Callable[[RejectedLine], None]
    advanced: Callable[[ImportReport], None] = lambda _: None


def run_import(
    kind: ImportKind[Entry],
    plan: ImportPlan,
    sessions: Sessions,
    actor: Actor,
    listener: ImportListener,
    *,
    dry_run: bool,
) -> ImportReport:
    """Read the file and save it chunk by chunk, a commit each; return the report. A dry run saves nothing."""
    report = ImportReport(plan, dry_run, Counter(dict.fromkeys(kind.counted, 0)))
    for chunk in _chunks(read_entries(kind, plan)):
        good = _sort_out(chunk, report, listener)
        if good:
            with sessions() as session:
                saved = kind.save(session, good, dry_run=dry_run)
                if not dry_run:
                    _record(session, kind, plan, saved, actor)
                    session.commit()
            report.counts += saved.counts
            for refused in saved.refused:
                _refuse(report, listener, refused)
        listener.advanced(report)
    return report


def _chunks(rows: Iterable[Entry]) -> Iterator[list[Entry]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _sort_out(
    chunk: Sequence[ReadEntry[Entry] | RejectedLine], report: ImportReport, listener: ImportListener
) -> list[ReadEntry[Entry]]:
    """Report the rows that are refused or left out; return the others."""
    good = []
    report.rows += len(chunk)
    for one in chunk:
        if isinstance(one, RejectedLine):
            _refuse(report, listener, one)
            continue
        for note in one.notes:
            report.noted += 1
            listener.noted(RejectedLine(one.line, note))
        if one.entry is None:
            report.counts[one.left_out] += 1
        else:
            good.append(one)
    return good


def _refuse(report: ImportReport, listener: ImportListener, refused: RejectedLine) -> None:
    report.refused += 1
    listener.refused(refused)


def _record(
    session: Session,
    kind: ImportKind[Entry],
    plan: ImportPlan,
    saved: SavedEntries,
    actor: Actor,
) -> None:
    """Write what changed to the audit log, without names: a chunk that was there already changes nothing."""
    changed = {word: count for word, count in saved.counts.items() if count}
    details = {"preset": plan.preset.name, **changed}
    record(
        session,
        actor,
        kind.action,
        Subject("import", plan.request.file_name or plan.request.path.name),
        after=details,
    )
