"""`campaign print-batch`: the appeal for readers in institutions, to be printed and posted."""

from pathlib import Path

import click
from sqlalchemy.orm import Session

from campaign import clock
from campaign.cli.letters import keep
from campaign.cli.lists import read_file
from campaign.errors import CampaignNotOpen, LettersRefused, ListIncomplete
from campaign.installation import Installation, make_installation
from campaign.models import Campaign
from campaign.paper import ADDRESSES
from campaign.paper.coverage import printable
from campaign.paper.posted import posted_appeals_pdf
from campaign.services.audit import Actor, Subject, record
from campaign.services.campaigns import find_campaign
from campaign.services.lines import Refusal
from campaign.services.posted.coupons import keep_coupons
from campaign.services.posted.lists import Recipient, read_recipients
from campaign.services.posted.sheets import Batch, sheet_context
from campaign.services.progress import read_progress


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
def print_batch(people: Path, file: Path, slug: str, window: str) -> None:
    """Write the appeal for each reader in PEOPLE.csv (- is stdin), one sheet each, with a coupon of their own.

    The first line names the columns: name,number,institution,address and, if wanted, locale (en, es). The number is
    the one under which the institution knows them; lines of an address are parted by upright strokes. The envelope's
    window shows these and nothing else. A row that cannot be taken is named on stderr and kept out. Who is printed
    again keeps their code, which fills in the form of envelopes when the coupon comes back.
    """
    if file.exists():
        raise LettersRefused(f"{file} exists already; name another file.")
    raw = read_file(people)
    installation = make_installation(broker=False)
    ready, refused = _read(installation, slug, raw)
    for one in refused:
        click.echo(f"line {one.line}: {one.reason}", err=True)
    if ready:
        with installation.sessions.begin() as session:
            campaign = find_campaign(session, slug)
            _print(session, installation, campaign, ready, file, window)
            told = {"printed": len(ready), "refused": len(refused), "file": file.name}
            subject = Subject("campaign", slug, campaign.id)
            record(session, Actor.command_line(), "posted_appeals.printed", subject, after=told)
    where = f" are in {file}" if ready else ""
    click.echo(f"{len(ready):,} appeals{where}, {len(refused):,} refused.")
    if refused:
        raise ListIncomplete(
            "Mend what is named above, line by line, and print those rows into another file."
        )


def _read(
    installation: Installation, slug: str, raw: bytes
) -> tuple[list[Recipient], list[Refusal]]:
    """The rows that can be taken and the others; raises CampaignNotOpen once nothing by mail can count."""
    with installation.sessions() as session:
        campaign = find_campaign(session, slug)
        if clock.now() >= campaign.deadline:
            raise CampaignNotOpen(
                f"{slug} has ended: a gift by mail would count no more. `campaign extend` moves its end."
            )
        default = campaign.locale
    rows = [
        row if isinstance(row, Refusal) else _settable(*row)
        for row in read_recipients(raw, default)
    ]
    refused = [row for row in rows if isinstance(row, Refusal)]
    return [row for row in rows if isinstance(row, Recipient)], refused


def _settable(line: int, one: Recipient) -> Recipient | Refusal:
    """An address in letters that the typeface lacks would reach nobody."""
    for shown in one.window:
        if printable(shown) != shown:
            return Refusal(line, f"{shown!r} has letters that our typeface lacks")
    return one


def _print(
    session: Session,
    installation: Installation,
    campaign: Campaign,
    ready: list[Recipient],
    file: Path,
    window: str,
) -> None:
    """The coupons are kept in the same transaction: what is in the file is known, and what is not was not printed."""
    settings, at = installation.settings, clock.now()
    batch = Batch(
        read_progress(session, campaign, at),
        settings.organization,
        settings.site_url,
    )
    codes = keep_coupons(session, campaign, ready, at)
    sheets = [sheet_context(batch, one, code) for one, code in zip(ready, codes, strict=True)]
    keep(file, posted_appeals_pdf(sheets, window))
