"""`campaign statements` and `campaign print-receipts`: yearly statements, and PDFs for donors without email."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import click

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core import clock
from campaign.core.errors import CampaignError
from campaign.core.task_queue import OUTBOX
from campaign.receipts import pdf_documents, print_queue
from campaign.receipts import statements as yearly_statements
from campaign.runtime.context import Installation, make_installation


@click.command("print-receipts")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.pdf")
@click.option(
    "--again",
    metavar="DATE|TIMESTAMP",
    help="Reprint what was printed since 2026-12-01 (in ORG_TIMEZONE), or a timestamp with a UTC offset.",
)
@click.option(
    "--window",
    type=click.Choice(list(pdf_documents.ADDRESSES)),
    default="us",
    show_default=True,
    help="Envelope window: us is a #10 envelope with Letter paper, din is DIN 5008 B with A4.",
)
def print_receipts(file: Path, again: str | None, window: str) -> None:
    """Print receipts and statements for donors without email.

    Writes them to FILE.pdf with the tribute cards that go by mail, ready to print. Each is printed once; if the command
    is interrupted, run it again. Exit 1 if an address is missing.
    """
    if file.exists():
        raise CampaignError(f"{file} already exists. Name another file.")
    installation = make_installation(broker=False)
    organization = installation.settings.organization
    since = clock.parse_start(again, clock.zone(organization.timezone)) if again else None
    with installation.sessions.begin() as session:
        found = print_queue.list_print_queue(session, organization, since)
        ready = [one for one in found if one.address]
        if ready:
            write_new_file(
                file, pdf_documents.print_queue_pdf([_page(one) for one in ready], window)
            )
            print_queue.mark_mailed(session, ready, clock.now())
            details = dict(Counter(one.kind for one in ready)) | {"reprinted_since": again or ""}
            subject = Subject("print_queue", file.name)
            record(session, Actor.command_line(), "receipts.printed", subject, after=details)
    click.echo(f"Wrote {_documents(len(ready))} to {file}." if ready else "Nothing to print.")
    _require_addresses(found)


def _documents(number: int) -> str:
    return f"{number:,} {'document' if number == 1 else 'documents'}"


def _page(letter: print_queue.PrintItem) -> dict[str, Any]:
    return {"kind": letter.kind, "context": letter.context, "address": letter.address}


def _require_addresses(found: Sequence[print_queue.PrintItem]) -> None:
    """List the missing addresses on stderr; exit with 1 if there are any."""
    missing = [one.about for one in found if not one.address]
    for about in missing:
        click.echo(f"No postal address: {about}. It prints once the donor has one.", err=True)
    if missing:
        sys.exit(1)


def write_new_file(file: Path, content: bytes) -> None:
    """Write a new file completely and flush it to disk, or write none. Never replaces a file."""
    try:
        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.") as begun:
            begun.write(content)
            begun.flush()
            os.fsync(begun.fileno())
            file.hardlink_to(begun.name)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise CampaignError(f"Cannot write {file}: {error.strerror}.") from error


@click.command("statements")
@click.argument("year", type=click.IntRange(2000, 9999))
@click.option("--dry-run", is_flag=True, help="Show how many would be queued without queueing.")
@click.option("--so-far", is_flag=True, help="Allow a year that is not over.")
@click.option(
    "--pdf",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write each statement into this folder.",
)
def statements(year: int, folder: Path | None, *, dry_run: bool, so_far: bool) -> None:
    """Queue each donor's statement for YEAR, once.

    Use `campaign print-receipts` to print statements for donors without email. Running this again does not send a
    statement twice.
    """
    installation = make_installation(broker=False)
    zone = clock.zone(installation.settings.organization.timezone)
    if year >= clock.now().astimezone(zone).year and not so_far:
        raise CampaignError(f"{year} is not over. Use --so-far to queue statements anyway.")
    if folder:
        _write(installation, year, folder)
    if dry_run:
        with installation.sessions() as session:
            new = yearly_statements.count_new(session, year)
    else:
        with installation.sessions.begin() as session:
            domain = installation.settings.mail_from.domain
            new = yearly_statements.queue_statements(session, year, domain)
            if new:
                subject = Subject("statements", str(year))
                details = {"queued": len(new), "of_them_by_post": sum(not email for email in new)}
                record(session, Actor.command_line(), "statements.queued", subject, after=details)
        installation.notify(OUTBOX)
    verb = "would be queued" if dry_run else "queued"
    to_print = sum(not email for email in new)
    click.echo(f"{year}: {len(new) - to_print:,} statements {verb}, {to_print:,} more to print.")


def _write(installation: Installation, year: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with installation.sessions() as session:
        found = yearly_statements.recipients(session, year)
        for one in found:
            context = yearly_statements.statement_context(
                session, one.donor_id, year, installation.settings.organization
            )
            path = folder / f"statement-{year}-{one.donor_id}.pdf"
            path.write_bytes(pdf_documents.statement_pdf(context))
    click.echo(f"Wrote {len(found):,} statements to {folder}.")
