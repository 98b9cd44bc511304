"""`campaign statements` and `campaign letters`: yearly statements, and what is printed for donors without email."""

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


@click.command("letters")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.pdf")
@click.option(
    "--again",
    metavar="DAY|INSTANT",
    help="Also those posted from then on: 2026-12-01 (in ORG_TIMEZONE), or an instant with offset.",
)
@click.option(
    "--window",
    type=click.Choice(list(pdf_documents.ADDRESSES)),
    default="us",
    show_default=True,
    help="The envelope's window: us is #10 on Letter paper, din is DIN 5008 B on A4.",
)
def print_receipts(file: Path, again: str | None, window: str) -> None:
    """Write the receipts and statements of donors without email, and the cards, to be printed and posted.

    Each is written once; after an interruption they are written again. Exit 1 where an address is missing.
    """
    if file.exists():
        raise CampaignError(f"{file} exists already; name another file.")
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
            told = dict(Counter(one.kind for one in ready)) | {"again_since": again or ""}
            subject = Subject("letters", file.name)
            record(session, Actor.command_line(), "receipts.printed", subject, after=told)
    click.echo(f"{len(ready):,} letters are in {file}." if ready else "No letter waits.")
    _require_addresses(found)


def _page(letter: print_queue.PrintItem) -> dict[str, Any]:
    return {"kind": letter.kind, "context": letter.context, "address": letter.address}


def _require_addresses(found: Sequence[print_queue.PrintItem]) -> None:
    """Says whose is missing, and ends the command with 1 then."""
    lacking = [one.about for one in found if not one.address]
    for about in lacking:
        click.echo(f"No postal address: {about}. It waits until the donor has one.", err=True)
    if lacking:
        sys.exit(1)


def write_new_file(file: Path, content: bytes) -> None:
    """Write a new file whole and safe on the disk, or none; never over another."""
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
        raise CampaignError(f"{file} cannot be written: {error.strerror}.") from error


@click.command("statements")
@click.argument("year", type=click.IntRange(2000, 9999))
@click.option("--dry-run", is_flag=True, help="Say how many would be queued, and write no row.")
@click.option("--so-far", is_flag=True, help="Although the year is not over.")
@click.option(
    "--pdf",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write each statement into this folder.",
)
def statements(year: int, folder: Path | None, *, dry_run: bool, so_far: bool) -> None:
    """Queue a statement of the gifts of YEAR for every donor, once each.

    Donors without email get theirs by `campaign letters`. Twice adds nobody.
    """
    installation = make_installation(broker=False)
    zone = clock.zone(installation.settings.organization.timezone)
    if year >= clock.now().astimezone(zone).year and not so_far:
        raise CampaignError(f"{year} is not over; --so-far makes statements all the same.")
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
                told = {"queued": len(new), "of_them_by_post": sum(not email for email in new)}
                record(session, Actor.command_line(), "statements.queued", subject, after=told)
        installation.notify(OUTBOX)
    language = "would be queued" if dry_run else "queued"
    by_mail = sum(not email for email in new)
    click.echo(f"{year}: {len(new) - by_mail:,} statements {language}, {by_mail:,} more by post.")


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
    click.echo(f"{len(found):,} statements are in {folder}.")
