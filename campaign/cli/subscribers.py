"""`campaign subscribers import|export|remove`: people who agreed to get campaign emails."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.cli.csv_files import write_rows
from campaign.cli.moving.imports import as_file, print_refused, require_nothing_refused
from campaign.core import clock
from campaign.core.errors import NotFound
from campaign.donors.masking import masked_email
from campaign.moving.importing import ImportListener, ImportRequest, plan_import, run_import
from campaign.moving.people import ADDED, KNOWN, SUPPRESSED, PeopleImport
from campaign.outreach import subscribers as people
from campaign.runtime.context import make_installation


@click.group("subscribers")
def subscribers() -> None:
    """Manage people who agreed to get campaign emails."""


@subscribers.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
def import_list(file: Path) -> None:
    """Import the people in the CSV file FILE (- is stdin).

    The first line names the columns: email,name,locale,timezone,consent_source,consent_at[,consent_wording]. The
    consent columns say where and when each person agreed. Rejected lines are listed on stderr and left out; the others
    are saved. Importing the same file again adds nobody. For lists of other systems use `campaign import people`.
    """
    importer = PeopleImport()
    with as_file(file) as path:
        installation = make_installation(broker=False)
        zone = clock.zone(installation.settings.organization.timezone)
        plan = plan_import(importer, ImportRequest(path, file.name), zone, clock.now())
        listener = ImportListener(print_refused, print_refused)
        actor = Actor.command_line()
        report = run_import(importer, plan, installation.sessions, actor, listener, dry_run=False)
    counts = report.counts
    click.echo(
        f"{counts[ADDED]:,} added, {counts[KNOWN]:,} already present, {report.refused:,} rejected."
    )
    if counts[SUPPRESSED]:
        click.echo(f"Suppressed among them, who get no campaign emails: {counts[SUPPRESSED]:,}.")
    require_nothing_refused(report)


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
