"""`campaign export`: stream CSV to stdout."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import click

from campaign.audit.audit_log import Actor, Subject, record
from campaign.campaigns.campaigns import find_campaign
from campaign.cli.csv_files import write_rows
from campaign.cli.moving.everything import write_everything
from campaign.core import clock
from campaign.core.errors import ExportRefused
from campaign.ledger.exports import EXPORTS, column_names, export_rows
from campaign.reporting.journal import Journal, read_bank_journal, read_journal
from campaign.reporting.journal_exports import COLUMNS, PROGRAMS, count_parts, file_rows
from campaign.reporting.journal_lines import COLUMNS as JOURNAL_COLUMNS
from campaign.runtime.context import Installation, make_installation

JOURNAL = "journal"
EVERYTHING = "everything"


@click.command("export")
@click.argument("what", type=click.Choice([*EXPORTS, JOURNAL, EVERYTHING]))
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--campaign", "slug", help="Only this campaign.")
@click.option(
    "--since",
    metavar="DATE|TIMESTAMP",
    help="Start: 2026-12-01 (in ORG_TIMEZONE), or a timestamp with a UTC offset.",
)
@click.option("--until", metavar="DATE|TIMESTAMP", help="End; a date includes that whole day.")
@click.option("--month", metavar="YYYY-MM", help="Journal only: its month.")
@click.option(
    "--currency", metavar="CODE", help="Journal only: in this bank currency, at settled value."
)
@click.option(
    "--program",
    type=click.Choice(list(PROGRAMS)),
    help="Journal only: as this program imports it; needs --currency.",
)
@click.option(
    "--part", type=int, default=1, help="Journal only: which file, if Xero needs several."
)
def export(
    what: str,
    folder: Path | None,
    slug: str | None,
    since: str | None,
    until: str | None,
    **journal: str | int | None,
) -> None:
    """Write donations, donors, ledger, receipts or the journal of a month as CSV.

    Amounts are in minor units, except in the files for accounting programs. `campaign export everything FOLDER` writes
    all data of the installation into the new FOLDER, as CSV and JSON, with a README and checksums.
    """
    part = journal.pop("part")
    _refuse_others(
        what,
        folder={"FOLDER": folder},
        of_lists={"--campaign": slug, "--since": since, "--until": until},
        of_journal={f"--{name}": value for name, value in journal.items()} | {"--part": part != 1},
    )
    if what == EVERYTHING:
        write_everything(_new(folder))
        return
    installation = make_installation(broker=False)
    options = {"format": "csv", "campaign": slug or "", "since": since or "", "until": until or ""}
    if what == JOURNAL:
        _write_journal(installation, **journal, part=part)  # type: ignore[arg-type] # click has checked the types
        return
    _write_list(installation, what, options)


def _write_list(installation: Installation, what: str, options: dict[str, str]) -> None:
    """Write one list as CSV. `options` are those of the command, '' if they are not given."""
    zone = clock.zone(installation.settings.organization.timezone)
    start = clock.parse_start(options["since"], zone) if options["since"] else None
    end = clock.parse_end(options["until"], zone) if options["until"] else None
    _record(installation, what, options)
    with installation.sessions() as session:
        campaign = find_campaign(session, options["campaign"]) if options["campaign"] else None
        write_rows(column_names(what), export_rows(session, what, campaign, start, end))


def _refuse_others(
    what: str,
    *,
    folder: Mapping[str, object],
    of_lists: Mapping[str, object],
    of_journal: Mapping[str, object],
) -> None:
    """Refuse what belongs to another kind of export."""
    if what != EVERYTHING:
        _refuse(what, folder)
    if what in (JOURNAL, EVERYTHING):
        _refuse(what, of_lists)
    if what != JOURNAL:
        _refuse(what, of_journal)


def _refuse(what: str, options: Mapping[str, object]) -> None:
    """Refuse the options that this export does not have."""
    given = [name for name, value in options.items() if value]
    if given:
        raise click.UsageError(f"The export of {what} has no {given[0]}.")


def _new(folder: Path | None) -> Path:
    if folder is None:
        raise click.UsageError("Name a folder to write: campaign export everything FOLDER.")
    return folder


def _record(installation: Installation, what: str, options: Mapping[str, object]) -> None:
    with installation.sessions.begin() as session:
        subject = Subject("export", what)
        record(session, Actor.command_line(), "export.created", subject, after=options)


def _write_journal(
    installation: Installation,
    month: str | None,
    currency: str | None,
    program: str | None,
    part: int,
) -> None:
    first, code = _month(month), (currency or "").lower()
    if program and not code:
        raise click.UsageError("--program needs --currency, for example --currency usd.")
    if part != 1 and not program:
        raise click.UsageError("--part needs --program.")
    found = _journal(installation, first, code)
    books = installation.settings.books
    columns, rows = JOURNAL_COLUMNS, [line.row(books.chart) for line in found.lines]
    if program:
        columns, rows = COLUMNS[program], file_rows(found, program, books, part)
    options = {"format": program or "csv", "currency": code, "part": part}
    _record(installation, f"journal-{first:%Y-%m}", options)
    write_rows(columns, rows)
    _say_parts(found, program, part)


def _journal(installation: Installation, first: date, currency: str) -> Journal:
    zone = clock.zone(installation.settings.organization.timezone)
    with installation.sessions() as session:
        if not currency:
            return read_journal(session, first, zone)
        found = read_bank_journal(session, first, zone, currency)
    if not found.lines:
        raise ExportRefused(
            f"The journal of {first:%B %Y} has nothing in {currency}."
            f" `campaign export journal --month {first:%Y-%m}` shows its currencies."
        )
    return found


def _say_parts(found: Journal, program: str | None, part: int) -> None:
    parts = count_parts(found, program) if program else 1
    if parts > 1:
        click.echo(f"This is part {part} of {parts}; get the others with --part.", err=True)


def _month(text: str | None) -> date:
    found = re.fullmatch(r"(2\d{3})-(0[1-9]|1[0-2])", text or "")
    if found is None:
        raise click.UsageError("The journal needs --month, for example --month 2026-11.")
    return date(int(found[1]), int(found[2]), 1)
