"""`campaign subscribers import|export|remove`: people who agreed to get campaign emails."""

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
    """Manage people who agreed to get campaign emails."""


@subscribers.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
def import_list(file: Path) -> None:
    """Import the people in the CSV file FILE (- is stdin).

    The first line names the columns: email,name,locale,timezone,consent_source,consent_at[,consent_wording]. The
    consent columns say where and when each person agreed. Rejected lines are listed on stderr and left out; the others
    are saved. Importing the same file again adds nobody.
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
    click.echo(f"{taken.added:,} added, {taken.known:,} already present, {refused:,} rejected.")
    if taken.suppressed:
        click.echo(f"Suppressed among them, who get no campaign emails: {taken.suppressed:,}.")
    if refused:
        raise CampaignError("Fix the lines named above and import the file again.")


def _store(installation: Installation, name: str, batch: list[Consent]) -> ImportCounts:
    with installation.sessions.begin() as session:
        taken = people.add_subscribers(session, batch)
        if batch:
            counts = {"added": taken.added, "already_there": taken.known}
            _note(session, "subscribers.imported", name, counts)
        return taken


@subscribers.command("export")
def export_list() -> None:
    """Write all subscribers as CSV, with the columns that `import` reads."""
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        write_rows(people.COLUMNS, people.list_subscribers(session))


@subscribers.command("remove")
@click.argument("email")
def remove(email: str) -> None:
    """Remove the subscriber EMAIL.

    To stop campaign emails to someone who may be imported again, suppress the address instead
    (`campaign suppressions add`).
    """
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        if not people.remove_subscriber(session, email):
            raise NotFound(f"{email} is not a subscriber.")
        _note(session, "subscriber.removed", masked_email(email), {})
    click.echo(f"Removed the subscriber {email}.")


def _note(session: Session, action: str, key: str, details: dict[str, Any]) -> None:
    record(session, Actor.command_line(), action, Subject("subscriber", key), after=details)
