"""`campaign import`: people, gifts and suppressions of other systems."""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import CampaignError
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
from campaign.runtime.context import Installation, make_installation

_MOST_NOTES = 20
_SECONDS = 5
"""Between two lines of progress."""


@click.command("import")
@click.argument("kind", type=click.Choice(list(KINDS)), metavar="KIND")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE")
@click.option(
    "--preset",
    metavar="NAME",
    default="",
    help="The system that wrote FILE, if its columns do not show it.",
)
@click.option(
    "--map",
    "given",
    multiple=True,
    metavar="COLUMN=FIELD",
    help='Which of their columns is which field here: --map "Joined on=consent_at". Can be repeated.',
)
@click.option(
    "--dry-run", is_flag=True, help="Report what would happen, and save nothing. Recommended first."
)
@click.option(
    "--dates",
    type=click.Choice([order.value for order in DateOrder]),
    help="Whether 3/1/2026 is March 1 (mdy) or January 3 (dmy), if the file does not show it.",
)
@click.option(
    "--decimal",
    type=click.Choice([mark.value for mark in DecimalMark]),
    help="Whether 1,250 is a thousand (point) or one and a quarter (comma), if the file does not show it.",
)
@click.option(
    "--timezone",
    "zone",
    metavar="ZONE",
    default="",
    help="Of times without one.  [default: the system's]",
)
@click.option(
    "--encoding", metavar="NAME", default="", help="Such as cp1250, if it is not recognized."
)
@click.option(
    "--consent-source",
    metavar="TEXT",
    default="",
    help="People only: where they agreed, if the file does not say it.",
)
@click.option(
    "--campaign",
    metavar="SLUG",
    default="",
    help="Gifts only: the campaign that gifts within its dates count for.  [default: none]",
)
@click.option(
    "--state",
    "states",
    multiple=True,
    metavar="WORD=STATE",
    help='Gifts only: what a word of theirs means: --state "Banked=complete". Can be repeated.',
)
@click.option(
    "--system",
    metavar="NAME",
    default="",
    help="Gifts only: where a plain list comes from; its IDs are unique within.",
)
@click.option(
    "--currency", metavar="CODE", default="", help="Gifts only: of amounts that name none."
)
@click.option(
    "--receipts-of-ours",
    "receipts",
    is_flag=True,
    help="Gifts only: issue receipts, without emails, if nobody has receipted these gifts.",
)
@click.option(
    "--also-alike",
    "alike",
    is_flag=True,
    help="Gifts only: also those that look like one that is here already.",
)
def import_file(kind: str, file: Path, **options: Any) -> None:
    """Import people, gifts or suppressions of another system from the CSV file FILE (- is stdin).

    KIND is people, gifts or suppressions. Start with --dry-run: it reports everything and saves nothing. Rejected rows
    are listed on stderr and left out; the others are saved. Importing the same file again adds nothing, so an
    interrupted import can be repeated. Nobody is emailed. docs/moving-in.md has the export of each system.
    """
    dry_run = options.pop("dry_run")
    with as_file(file) as path:
        request = _request(path, file.name, options)
        installation = make_installation(broker=False)
        report = import_with(installation, kind, request, dry_run=dry_run)
    if dry_run:
        click.echo("Dry run: nothing was saved. Run it again without --dry-run to import.")
    require_nothing_refused(report)


def _request(path: Path, name: str, options: dict[str, Any]) -> ImportRequest:
    dates, decimal = options.pop("dates"), options.pop("decimal")
    return ImportRequest(
        path,
        file_name=name,
        dates=DateOrder(dates) if dates else None,
        decimal=DecimalMark(decimal) if decimal else None,
        **{**options, "given": tuple(options["given"]), "states": tuple(options["states"])},
    )


@contextmanager
def as_file(file: Path) -> Iterator[Path]:
    """Yield the path of `file`; what is read from stdin is kept in a temporary file, because it is read twice."""
    if str(file) != "-":
        yield file
        return
    with tempfile.NamedTemporaryFile() as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.flush()
        yield Path(kept.name)


def import_with(
    installation: Installation, kind: str, request: ImportRequest, *, dry_run: bool
) -> ImportReport:
    """Import the file, printing how it is read and each refused row; return the report."""
    importer = KINDS[kind](installation)
    zone = clock.zone(installation.settings.organization.timezone)
    plan = plan_import(importer, request, zone, clock.now())
    for line in describe(plan):
        click.echo(line)
    notes = _Notes()
    listener = ImportListener(print_refused, notes, _Progress())
    report = run_import(
        importer, plan, installation.sessions, Actor.command_line(), listener, dry_run=dry_run
    )
    notes.finish(report.noted)
    for sentence in (report.sentence(), *importer.closing()):
        click.echo(sentence)
    return report


def describe(plan: ImportPlan) -> Iterator[str]:
    """Yield how the file is read, for a person to check."""
    delimiter = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}[plan.table.delimiter]
    guessed = " (guessed from its characters)" if plan.table.encoding.guessed else ""
    yield f"Read as {plan.preset.system}: {plan.table.encoding.title}{guessed}, separated by {delimiter}."
    for name, column in plan.columns.columns.items():
        yield f"  {column} -> {name}"
    if plan.columns.ignored:
        yield f"Ignored columns: {', '.join(plan.columns.ignored)}."
    if plan.order and plan.order is not plan.request.dates:
        order = "month first" if plan.order is DateOrder.mdy else "day first"
        yield f"Dates such as 3/1/2026 are read {order}, as the file's other dates show."


def print_refused(row: RejectedLine) -> None:
    """Print why a row is refused on stderr."""
    click.echo(f"line {row.line}: {row.reason}", err=True)


def require_nothing_refused(report: ImportReport) -> None:
    """Raise CampaignError if a row was refused, for the exit code."""
    if report.refused:
        raise CampaignError("Fix the lines named above and import the file again.")


class _Notes:
    """Prints the first notes about rows that are imported all the same."""

    def __init__(self) -> None:
        self._printed = 0

    def __call__(self, note: RejectedLine) -> None:
        if self._printed < _MOST_NOTES:
            self._printed += 1
            click.echo(f"line {note.line}: {note.reason}.")

    def finish(self, count: int) -> None:
        """Say how many more notes there are."""
        if count > self._printed:
            click.echo(f"And {count - self._printed:,} more such notes.")


class _Progress:
    """Prints the number of rows on stderr every few seconds; nothing if the import is quick."""

    def __init__(self) -> None:
        self._printed_at = time.monotonic()

    def __call__(self, report: ImportReport) -> None:
        if time.monotonic() - self._printed_at >= _SECONDS:
            self._printed_at = time.monotonic()
            click.echo(f"{report.rows:,} rows read …", err=True)
