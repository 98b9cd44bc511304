"""`campaign offline import`: checks and cash in hand, from a list."""

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
    """Gifts that came by check, in cash, from a fund or as stock."""


@offline.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE.csv")
@click.option("--campaign", "slug", metavar="SLUG", default="", help="For rows without a code.")
def import_list(file: Path, slug: str) -> None:
    """Enter the gifts in FILE.csv (- is stdin), each counted at once.

    The first line names the columns: received_on,postmarked_on,amount,currency,name,email,address,code,reference and,
    if wanted, kind (check, cash, donor_advised_fund, stock) and described (which shares, which fund). The code is the
    coupon's and names campaign and article. A row that cannot be taken is named on stderr and kept out, the rest is
    kept; a reference that is here already is refused, so the same file again adds nothing.
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
            _tell(outcome)
    if entered:
        with installation.sessions.begin() as session:
            record_import(session, actor, raw, entered=entered, refused=refused)
        installation.notify(OUTBOX)
    click.echo(f"{entered:,} entered, {refused:,} refused.")
    if refused:
        raise CampaignError("Mend what is named above, line by line, and import the file again.")


def _enter(
    installation: Installation, reader: ListReader, row: Row, actor: Actor
) -> PlannedRow | RejectedLine:
    """One row in a transaction of its own."""
    with installation.sessions.begin() as session:
        planned = reader.plan(session, row, clock.now())
        if isinstance(planned, RejectedLine):
            return planned
        outcome = reader.enter(session, planned, actor, installation.books, clock.now())
        return outcome if isinstance(outcome, RejectedLine) else planned


def _tell(planned: PlannedRow) -> None:
    """What is worth a look, though it was entered."""
    for doubt in planned.entry_warnings:
        words = doubt.words.replace("It will be booked, and count", "Booked, and counted")
        click.echo(f"line {planned.line}: entered. {words}")
    if planned.joins:
        giver = planned.entry.name
        click.echo(f"line {planned.line}: entered for {giver}, known by the same name and address.")
