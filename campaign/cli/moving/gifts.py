"""`campaign import gifts`: bring over the gifts of another system."""

from pathlib import Path

import click

from campaign.audit.audit_log import Actor
from campaign.core import money
from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import CampaignError
from campaign.moving.amounts import DecimalMark
from campaign.moving.gift_import import GiftImport, GiftReport, import_gifts
from campaign.moving.gift_presets import PRESETS
from campaign.moving.gift_rows import LeftOutRow
from campaign.moving.moments import DateOrder
from campaign.runtime.context import make_installation


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--preset",
    default="",
    type=click.Choice([one.name for one in PRESETS]),
    help="The system that wrote the file.  [default: as its columns show]",
)
@click.option(
    "--map", "maps", multiple=True, metavar='"Their column=our field"', help="Repeatable."
)
@click.option(
    "--state", "states", multiple=True, metavar='"Their word=complete"', help="Repeatable."
)
@click.option(
    "--campaign",
    "slug",
    default="",
    metavar="SLUG",
    help="The campaign that gifts within its dates count for.  [default: none]",
)
@click.option(
    "--system",
    default="",
    help="A name for where a plain list comes from; its IDs are unique within.",
)
@click.option("--zone", default="", help="The time zone of dates without one, such as US/Eastern.")
@click.option("--currency", default="", help="The currency of amounts without one.")
@click.option(
    "--dates",
    type=click.Choice(list(DateOrder)),
    help="The order of 3/1/2026, if the file leaves it open.",
)
@click.option(
    "--decimal",
    type=click.Choice(list(DecimalMark)),
    help="The mark before cents, if the file leaves it open.",
)
@click.option("--encoding", default="", help="The file's encoding, if it is not recognized.")
@click.option(
    "--receipts-of-ours",
    "receipts",
    is_flag=True,
    help="Issue receipts, without emails: only for gifts that nobody has receipted.",
)
@click.option(
    "--also-alike", is_flag=True, help="Also import gifts that look like one that is here already."
)
@click.option("--dry-run", is_flag=True, help="Show what would happen and change nothing.")
def gifts(
    file: Path,
    preset: str,
    maps: tuple[str, ...],
    states: tuple[str, ...],
    slug: str,
    system: str,
    zone: str,
    currency: str,
    dates: str | None,
    decimal: str | None,
    encoding: str,
    *,
    receipts: bool,
    also_alike: bool,
    dry_run: bool,
) -> None:
    """Import the gifts in FILE, another system's export. Nobody is mailed about them.

    Rows that are no gifts (pending, failed, test) are left out. Refused rows are listed on stderr by line; the others
    are imported. Importing the same file again adds nothing. A gift whose payment at Stripe is booked here already is
    passed over. docs/moving-in.md has a section for each system.
    """
    wanted = GiftImport(
        file,
        preset,
        maps,
        states,
        slug,
        system,
        zone,
        currency,
        DateOrder(dates) if dates else None,
        DecimalMark(decimal) if decimal else None,
        encoding,
        receipts,
        also_alike,
        dry_run,
    )
    report = import_gifts(make_installation(broker=False), wanted, Actor.command_line(), echo_row)
    for sentence in sentences(report, slug, dry_run=dry_run):
        click.echo(sentence)
    if report.refused:
        raise CampaignError("Fix the lines named above and import the file again.")


def echo_row(row: RejectedLine | LeftOutRow) -> None:
    """Write a row that was not imported to stderr, and why."""
    word = "refused: " if isinstance(row, RejectedLine) else "left out: "
    click.echo(f"line {row.line}: {word}{row.reason}", err=True)


def sentences(report: GiftReport, slug: str, *, dry_run: bool) -> list[str]:
    """Return what came of the file, for people."""
    totals = report.totals
    would = "would be " if dry_run else ""
    found = [f"Read as {report.preset}."]
    if report.ignored:
        found.append(f"Ignored columns: {', '.join(report.ignored)}.")
    given = _amounts(totals.given)
    found.append(f"{totals.added:,} gifts {would}added{f', {given}' if given else ''}.")
    if totals.refunded:
        found.append(f"Of these, refunded: {_amounts(totals.refunded)}.")
    if slug:
        found.append(
            f"{totals.counted:,} count for {slug}, {totals.added - totals.counted:,} for no campaign."
        )
    known = totals.known + totals.booked
    if known:
        found.append(f"{known:,} here already ({totals.booked:,} booked from Stripe).")
    if totals.joined:
        found.append(f"{totals.joined:,} gifts of another file now know their payment at Stripe.")
    found += [
        f"{number:,} left out: {reason}." for reason, number in sorted(report.left_out.items())
    ]
    found.append(f"{report.refused:,} refused.")
    return found + (["Nothing was changed."] if dry_run else [])


def _amounts(sums: dict[str, int]) -> str:
    return " and ".join(
        money.format_money(amount, currency) for currency, amount in sorted(sums.items()) if amount
    )
