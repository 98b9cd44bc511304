"""`campaign moving monthly|invite`: recurring gifts of another system."""

from pathlib import Path

import click

from campaign.audit.audit_log import Actor
from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock
from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import CampaignError
from campaign.core.task_queue import OUTBOX
from campaign.moving.amounts import DecimalMark
from campaign.moving.gift_rows import LeftOutRow
from campaign.moving.invitations import invite as queue_invitations
from campaign.moving.invitations import list_invited
from campaign.moving.monthly_import import MonthlyImport, MonthlyReport, import_monthly
from campaign.runtime.context import make_installation


@click.group("moving")
def moving() -> None:
    """Bring over the monthly gifts of another system."""


@moving.command("monthly")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--preset",
    metavar="NAME",
    default="",
    help="The system that wrote FILE, if its columns do not show it.",
)
@click.option(
    "--map", "maps", multiple=True, metavar='"Their column=our field"', help="Repeatable."
)
@click.option(
    "--campaign",
    "slug",
    default="",
    metavar="SLUG",
    help="The campaign that adopted gifts belong to.  [default: none]",
)
@click.option("--system", default="", help="A name for where a plain list comes from.")
@click.option(
    "--currency", default="usd", show_default=True, help="The currency of amounts without one."
)
@click.option(
    "--decimal",
    type=click.Choice(list(DecimalMark)),
    help="The mark before cents, if the file leaves it open.",
)
@click.option("--encoding", default="", help="The file's encoding, if it is not recognized.")
@click.option("--dry-run", is_flag=True, help="Show what would happen and change nothing.")
def monthly(
    file: Path,
    preset: str,
    maps: tuple[str, ...],
    slug: str,
    system: str,
    currency: str,
    decimal: str | None,
    encoding: str,
    *,
    dry_run: bool,
) -> None:
    """Import the monthly and yearly gifts in FILE, another system's export. Nobody is mailed.

    Those that live in this Stripe account are found by subscription, customer, metadata or address, and adopted: their
    past payments become past gifts, later ones follow by themselves. The others are listed, so that `campaign moving
    invite` can ask their donors to move them. Refused rows are listed on stderr by line.
    """
    wanted = MonthlyImport(
        file,
        preset,
        maps,
        slug,
        system,
        currency,
        DecimalMark(decimal) if decimal else None,
        encoding,
        dry_run,
    )
    report = import_monthly(make_installation(broker=False), wanted, Actor.command_line(), _echo)
    for sentence in _sentences(report, dry_run=dry_run):
        click.echo(sentence)
    if report.refused:
        raise CampaignError("Fix the lines named above and import the file again.")


def _echo(row: RejectedLine | LeftOutRow) -> None:
    word = "" if isinstance(row, RejectedLine) else "left out: "
    click.echo(f"line {row.line}: {word}{row.reason}", err=True)


def _sentences(report: MonthlyReport, *, dry_run: bool) -> list[str]:
    would = "would be " if dry_run else ""
    found = [f"Read as {report.preset}."]
    if report.ignored:
        found.append(f"Ignored columns: {', '.join(report.ignored)}.")
    found.append(
        f"{report.adopted:,} {would}adopted at Stripe, with {report.past:,} past payments;"
        f" {report.known:,} here already."
    )
    found.append(
        f"{report.listed:,} {would}listed as charged elsewhere; {report.listed_before:,} listed before,"
        f" {report.ended:,} ended since."
    )
    found += [
        f"{number:,} left out: {reason}." for reason, number in sorted(report.left_out.items())
    ]
    found.append(f"{report.refused:,} refused.")
    return found + (["Nothing was changed."] if dry_run else [])


@moving.command("invite")
@click.argument("slug")
@click.option("--dry-run", is_flag=True, help="List who would be invited and write to nobody.")
def invite(slug: str, *, dry_run: bool) -> None:
    """Email the donors whose monthly gift is charged elsewhere, once each: please move it to SLUG's form.

    Only people who agreed to emails or gave within the last 400 days, and who have no monthly gift here. The form has
    the amount filled in.
    """
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        campaign = find_campaign(session, slug)
        if dry_run:
            found = list_invited(session, campaign, clock.now())
        else:
            domain, actor = installation.books.mail_domain, Actor.command_line()
            found = queue_invitations(session, campaign, domain, actor, clock.now())
    for address in found:
        click.echo(address)
    if dry_run:
        click.echo(f"{len(found):,} would be invited.")
        return
    if found:
        installation.notify(OUTBOX)
    click.echo(f"{len(found):,} invited.")
