"""`campaign direct-mail`: print appeals to mail to readers in institutions."""

from pathlib import Path

import click

from campaign.audit.audit_log import Actor
from campaign.cli.csv_files import read_file
from campaign.cli.receipts import write_new_file
from campaign.core.errors import CampaignError
from campaign.offline.direct_mail_flow import print_appeals, read_recipient_list
from campaign.receipts.pdf_documents import ADDRESSES
from campaign.runtime.context import make_installation


@click.command("direct-mail")
@click.argument("people", type=click.Path(path_type=Path, allow_dash=True), metavar="PEOPLE.csv")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.pdf")
@click.option("--campaign", "slug", metavar="SLUG", required=True, help="The campaign to print.")
@click.option(
    "--window",
    type=click.Choice(list(ADDRESSES)),
    default="us",
    show_default=True,
    help="Envelope window: us is a #10 envelope with Letter paper, din is DIN 5008 B with A4.",
)
def direct_mail(people: Path, file: Path, slug: str, window: str) -> None:
    """Print an appeal for each recipient in PEOPLE.csv.

    Writes FILE.pdf, one sheet for each recipient, with a personal coupon. PEOPLE.csv may be - for stdin. Its first line
    names the columns: name,number,institution,address and optionally locale (en, es). The number
    identifies the recipient at the institution. Separate the lines of an address with vertical bars (|). Only these
    fields show in the envelope window. Rejected rows are listed on stderr and not printed. Printing the same recipient
    again reuses their code; entering the code of a returned coupon fills in the offline gift form.
    """
    if file.exists():
        raise CampaignError(f"{file} already exists. Name another file.")
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
    printed = f"{len(found.ready):,} {'appeal' if len(found.ready) == 1 else 'appeals'}"
    where = f" to {file}" if found.ready else ""
    click.echo(f"Wrote {printed}{where}; {len(found.refused):,} rejected.")
    if found.refused:
        raise CampaignError("Fix the lines named above and print those rows to another file.")
