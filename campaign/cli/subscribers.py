"""`campaign subscribers import|export|remove`: who agreed to appeals."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.cli.csv_files import read_file, write_rows
from campaign.core import clock
from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import CampaignError, NotFound
from campaign.donors.masking import masked_email
from campaign.outreach import subscribers as people
from campaign.outreach.subscriber_lists import Consent, read_list
from campaign.outreach.subscribers import ImportCounts
from campaign.runtime.context import Installation, make_installation


@click.group("subscribers")
def subscribers() -> None:
    """People who agreed to appeals."""


@subscribers.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
def import_list(file: Path) -> None:
    """Take over the people in FILE (- is stdin), a CSV file whose first line names its columns.

    email,name,locale,timezone,consent_source,consent_at[,consent_wording]: where and when each agreed. A line that
    cannot be taken is named on stderr and kept out, the rest is kept. The same file twice adds nobody.
    """
    raw = read_file(file)
    installation = make_installation(broker=False)
    zone = clock.zone(installation.settings.organization.timezone)
    taken, refused, batch = ImportCounts(), 0, list[Consent]()
    for row in read_list(raw, zone, clock.now()):
        if isinstance(row, RejectedLine):
            click.echo(f"line {row.line}: {row.reason}", err=True)
            refused += 1
            continue
        batch.append(row)
        if len(batch) == people.CHUNK:
            taken, batch = taken + _store(installation, file.name, batch), []
    taken += _store(installation, file.name, batch)
    click.echo(f"{taken.added:,} added, {taken.known:,} already there, {refused:,} refused.")
    if taken.suppressed:
        click.echo(f"{taken.suppressed:,} of them are on the suppression list and get no appeals.")
    if refused:
        raise CampaignError("Mend what is named above, line by line, and import the file again.")


def _store(installation: Installation, name: str, batch: list[Consent]) -> ImportCounts:
    with installation.sessions.begin() as session:
        taken = people.add_subscribers(session, batch)
        if batch:
            told = {"added": taken.added, "already_there": taken.known}
            _note(session, "subscribers.imported", name, told)
        return taken


@subscribers.command("export")
def export_list() -> None:
    """Write everybody who agreed as CSV, in the columns that `import` reads."""
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        write_rows(people.COLUMNS, people.list_subscribers(session))


@subscribers.command("remove")
@click.argument("email")
def remove(email: str) -> None:
    """Forget that EMAIL agreed. To stop mail to someone who may be imported again, suppress the address instead."""
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        if not people.remove_subscriber(session, email):
            raise NotFound(f"{email} is no subscriber.")
        _note(session, "subscriber.removed", masked_email(email), {})
    click.echo(f"{email} is forgotten as a subscriber.")


def _note(session: Session, action: str, key: str, told: dict[str, Any]) -> None:
    record(session, Actor.command_line(), action, Subject("subscriber", key), after=told)
