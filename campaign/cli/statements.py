"""`campaign statements`."""

from pathlib import Path

import click

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core import clock
from campaign.core.errors import StatementRefused
from campaign.core.task_queue import OUTBOX
from campaign.receipts import pdf_documents
from campaign.receipts import statements as yearly_statements
from campaign.runtime.context import Installation, make_installation


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
        raise StatementRefused(f"{year} is not over; --so-far makes statements all the same.")
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
        installation.nudge(OUTBOX)
    said = "would be queued" if dry_run else "queued"
    by_post = sum(not email for email in new)
    click.echo(f"{year}: {len(new) - by_post:,} statements {said}, {by_post:,} more by post.")


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
