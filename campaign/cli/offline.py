"""`campaign offline import`: import checks, cash and other offline gifts from a CSV file."""

from pathlib import Path

import click

from campaign.audit.audit_log import Actor
from campaign.campaigns.campaigns import find_campaign
from campaign.cli.csv_files import read_file
from campaign.core import clock
from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import CampaignError
from campaign.core.task_queue import OUTBOX
from campaign.offline.csv_import import ListReader, PlannedRow, record_import
from campaign.offline.csv_rows import Row
from campaign.runtime.context import Installation, make_installation


@click.group("offline")
def offline() -> None:
    """Import checks, cash and other offline gifts."""


@offline.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE.csv")
@click.option(
    "--campaign", "slug", metavar="SLUG", default="", help="The campaign for rows without a code."
)
def import_list(file: Path, slug: str) -> None:
    """Import the offline gifts in FILE.csv (- is stdin). Each counts at once.

    The first line names the columns: received_on,postmarked_on,amount,currency,name,email,address,code,reference and
    optionally kind (check, cash, donor_advised_fund, stock) and description (which shares, which fund). The code is the
    one on the coupon; it identifies the campaign and the article. Rejected rows are listed on stderr and left out; the
    others are saved. A reference that is already recorded is rejected, so importing the same file again adds nothing.
    """
    raw = read_file(file)
    installation = make_installation(broker=False)
    if slug:
        with installation.sessions() as session:
            find_campaign(session, slug)
    reader = ListReader(slug, clock.zone(installation.settings.organization.timezone))
    actor, entered, refused = Actor.command_line(), 0, 0
    for row in reader.rows(raw):
        outcome = row if isinstance(row, RejectedLine) else _enter(installation, reader, row, actor)
        if isinstance(outcome, RejectedLine):
            click.echo(f"line {outcome.line}: {outcome.reason}", err=True)
            refused += 1
        else:
            entered += 1
            _print_notes(outcome)
    if entered:
        with installation.sessions.begin() as session:
            record_import(session, actor, raw, entered=entered, refused=refused)
        installation.notify(OUTBOX)
    click.echo(f"{entered:,} entered, {refused:,} rejected.")
    if refused:
        raise CampaignError("Fix the lines named above and import the file again.")


def _enter(
    installation: Installation, reader: ListReader, row: Row, actor: Actor
) -> PlannedRow | RejectedLine:
    """Enter one row in a transaction of its own."""
    with installation.sessions.begin() as session:
        planned = reader.plan(session, row, clock.now())
        if isinstance(planned, RejectedLine):
            return planned
        outcome = reader.enter(session, planned, actor, installation.books, clock.now())
        return outcome if isinstance(outcome, RejectedLine) else planned


def _print_notes(planned: PlannedRow) -> None:
    """Print the warnings about a row that was entered all the same."""
    for doubt in planned.entry_warnings:
        words = doubt.words.replace("It will be booked, and count", "Booked, and counted")
        click.echo(f"line {planned.line}: entered. {words}")
    if planned.joins:
        click.echo(
            f"line {planned.line}: entered for the existing donor {planned.entry.name}"
            " (same name and address)."
        )
