"""`campaign subscribers import|export|sync|remove`: people who agreed to get campaign emails."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.cli.csv_files import write_rows
from campaign.cli.moving.imports import as_file, print_refused, require_nothing_refused
from campaign.core import clock
from campaign.core.errors import CampaignError, NotFound
from campaign.donors.masking import masked_email
from campaign.list_sync.run import SyncResult, raise_failures, sync_all
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


@subscribers.command("sync")
@click.option("--dry-run", is_flag=True, help="Only count what a sync would do.")
def sync(*, dry_run: bool) -> None:
    """Sync the list with Mailchimp, Brevo and listmonk, as far as they are set up.

    Adds the subscribers who are not suppressed, with tags for donors and campaigns; removes those who are no longer
    subscribed, and erased people. Who unsubscribed, bounced or complained there is suppressed here. The scheduler does
    the same every hour.
    """
    installation = make_installation(broker=False)
    results = sync_all(installation, Actor.command_line(), dry_run=dry_run)
    if not results:
        raise CampaignError(
            "No list service is set up. Set MAILCHIMP_API_KEY, BREVO_API_KEY or LISTMONK_URL (docs/list-sync.md)."
        )
    for one in results:
        click.echo(f"{one.service}: {_counted(one, dry_run=dry_run)}")
        if one.fault and not one.failed:
            click.echo(f"{one.service}: {one.fault}", err=True)
    raise_failures(results)


def _counted(result: SyncResult, *, dry_run: bool) -> str:
    """Return `3 left there, 120 added`, or `would be: …` in a dry run."""
    labels = {"left": "left there"}
    parts = [f"{number:,} {labels.get(name, name)}" for name, number in result.counts.items()]
    words = ", ".join(parts) or "nothing to do"
    more = "; unfinished, the next sync continues" if result.unfinished else ""
    return f"{'would be ' if dry_run and parts else ''}{words}{more}."


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
