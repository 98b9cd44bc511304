"""`campaign print-batch`: the appeal for readers in institutions, to be printed and posted."""

from pathlib import Path

import click

from campaign.audit.audit_log import Actor
from campaign.cli.csv_files import read_file
from campaign.cli.receipts import write_new_file
from campaign.core.errors import CampaignError
from campaign.offline.direct_mail_flow import print_appeals, read_recipient_list
from campaign.receipts.pdf_documents import ADDRESSES
from campaign.runtime.context import make_installation


@click.command("print-batch")
@click.argument("people", type=click.Path(path_type=Path, allow_dash=True), metavar="PEOPLE.csv")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.pdf")
@click.option("--campaign", "slug", metavar="SLUG", required=True, help="Whose appeal it is.")
@click.option(
    "--window",
    type=click.Choice(list(ADDRESSES)),
    default="us",
    show_default=True,
    help="The envelope's window: us is #10 on Letter paper, din is DIN 5008 B on A4.",
)
def direct_mail(people: Path, file: Path, slug: str, window: str) -> None:
    """Write the appeal for each reader in PEOPLE.csv (- is stdin), one sheet each, with a coupon of their own.

    The first line names the columns: name,number,institution,address and, if wanted, locale (en, es). The number is
    the one under which the institution knows them; lines of an address are parted by upright strokes. The envelope's
    window shows these and nothing else. A row that cannot be taken is named on stderr and kept out. Who is printed
    again keeps their code, which fills in the form of envelopes when the coupon comes back.
    """
    if file.exists():
        raise CampaignError(f"{file} exists already; name another file.")
    raw = read_file(people)
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        found = read_recipient_list(session, slug, raw)
    for one in found.refused:
        click.echo(f"line {one.line}: {one.reason}", err=True)
    if found.ready:
        actor = Actor.command_line()
        with installation.sessions.begin() as session:
            sheets = print_appeals(
                session, installation, slug, found, window, actor, file=file.name
            )
            write_new_file(file, sheets)
    where = f" are in {file}" if found.ready else ""
    click.echo(f"{len(found.ready):,} appeals{where}, {len(found.refused):,} refused.")
    if found.refused:
        raise CampaignError(
            "Mend what is named above, line by line, and print those rows into another file."
        )
