"""`campaign letters`."""

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
from campaign.core.errors import LettersRefused
from campaign.receipts import pdf_documents, print_queue
from campaign.runtime.context import make_installation


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
def letters(file: Path, again: str | None, window: str) -> None:
    """Write the receipts and statements of donors without email, and the cards, to be printed and posted.

    Each is written once; after an interruption they are written again. Exit 1 where an address is missing.
    """
    if file.exists():
        raise LettersRefused(f"{file} exists already; name another file.")
    installation = make_installation(broker=False)
    organization = installation.settings.organization
    since = clock.parse_start(again, clock.zone(organization.timezone)) if again else None
    with installation.sessions.begin() as session:
        found = print_queue.waiting_letters(session, organization, since)
        ready = [one for one in found if one.address]
        if ready:
            keep(file, pdf_documents.letters_pdf([_page(one) for one in ready], window))
            print_queue.mark_posted(session, ready, clock.now())
            told = dict(Counter(one.kind for one in ready)) | {"again_since": again or ""}
            subject = Subject("letters", file.name)
            record(session, Actor.command_line(), "letters.printed", subject, after=told)
    click.echo(f"{len(ready):,} letters are in {file}." if ready else "No letter waits.")
    _require_addresses(found)


def _page(letter: print_queue.PostalLetter) -> dict[str, Any]:
    return {"kind": letter.kind, "context": letter.context, "address": letter.address}


def _require_addresses(found: Sequence[print_queue.PostalLetter]) -> None:
    """Says whose is missing, and ends the command with 1 then."""
    lacking = [one.about for one in found if not one.address]
    for about in lacking:
        click.echo(f"No postal address: {about}. It waits until the donor has one.", err=True)
    if lacking:
        sys.exit(1)


def keep(file: Path, content: bytes) -> None:
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
        raise LettersRefused(f"{file} cannot be written: {error.strerror}.") from error
