"""`campaign suppressions import|export|add|remove`: addresses that get no campaign emails."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.audit.audit_log import Actor, Subject, record
from campaign.campaigns.campaigns import find_campaign
from campaign.cli.csv_files import read_file, write_rows
from campaign.core import clock
from campaign.core.csv_lists import RejectedLine, read_address
from campaign.core.errors import CampaignError, ListInvalid, NotFound
from campaign.donors.masking import masked_email
from campaign.mailer import suppressions as list_of
from campaign.mailer.suppression_lists import COLUMNS, SuppressionRow, read_entries
from campaign.models import SuppressionReason
from campaign.runtime.context import make_installation

log = get_logger(__name__)


@click.group("suppressions")
def suppressions() -> None:
    """Manage addresses that get no campaign emails. They still get receipts."""


@suppressions.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
def import_list(file: Path) -> None:
    """Import the addresses in FILE (- is stdin).

    FILE has one address per line, or is a CSV file written by `export`. Rejected lines are listed on stderr; the others
    are saved. Importing the same file again adds nothing.
    """
    raw = read_file(file)
    installation = make_installation(broker=False)
    added = known = refused = 0
    with installation.sessions.begin() as session:
        for entry in read_entries(raw):
            try:
                if isinstance(entry, RejectedLine):
                    raise ListInvalid(entry.reason)
                new = _import(session, entry)
            except (ListInvalid, NotFound) as error:
                click.echo(f"line {entry.line}: {error}", err=True)
                refused += 1
            else:
                added, known = added + new, known + (not new)
        counts = {"added": added, "already_there": known, "refused": refused}
        _note(session, "suppressions.imported", file.name, counts)
    click.echo(f"{added:,} added, {known:,} already present, {refused:,} rejected.")
    if refused:
        raise CampaignError("Fix the lines named above and import the file again.")


def _import(session: Session, entry: SuppressionRow) -> bool:
    campaign = find_campaign(session, entry.campaign) if entry.campaign else None
    return list_of.suppress(
        session,
        entry.email,
        entry.reason,
        campaign_id=campaign.id if campaign else None,
        detail=entry.detail,
    )


@suppressions.command("export")
def export_list() -> None:
    """Write the list as CSV, with the columns that `import` reads."""
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        write_rows(COLUMNS, list_of.list_suppressions(session))


@suppressions.command("add")
@click.argument("email")
@click.option(
    "--campaign", "slug", help="Only emails of this campaign.  [default: all campaign emails]"
)
def add(email: str, slug: str | None) -> None:
    """Stop campaign emails to EMAIL. Use it when someone asks without using the unsubscribe link."""
    address = _address(email)
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        campaign = find_campaign(session, slug) if slug else None
        new = list_of.suppress(
            session,
            address,
            SuppressionReason.unsubscribed,
            campaign_id=campaign.id if campaign else None,
            detail="by staff",
        )
        if new:
            _note(session, "suppression.added", masked_email(address), {"campaign": slug or "all"})
    click.echo(
        f"{address} is suppressed."
        if new
        else f"{address} was already suppressed. Nothing changed."
    )


@suppressions.command("remove")
@click.argument("email", required=False)
@click.option(
    "--reason",
    default="",
    help="Why campaign emails are allowed again; it is logged. Without EMAIL, `refused` means --refused.",
)
@click.option(
    "--refused", is_flag=True, help="All that a mail server's refusals made, instead of EMAIL."
)
@click.option(
    "--since",
    metavar="DATE|TIMESTAMP",
    help="With --refused: start, 2026-12-01 (in ORG_TIMEZONE) or a timestamp with a UTC offset.",
)
@click.option("--dry-run", is_flag=True, help="With --refused: only count them.")
def remove(
    email: str | None, reason: str, since: str | None, *, refused: bool, dry_run: bool
) -> None:
    """Allow campaign emails to EMAIL again. Use it only if the owner of the address agreed.

    With --refused --since, undo what a mail server did that refused readers through no fault of theirs. Then
    `campaign mail resend --failed` sends them what they did not get.
    """
    refused = refused or (email is None and reason == SuppressionReason.refused)
    if refused == (email is not None):
        raise click.UsageError("Give either EMAIL and --reason, or --refused and --since.")
    if refused:
        _remove_refused(since, reason, dry_run=dry_run)
    elif since is not None or dry_run:
        raise click.UsageError("--since and --dry-run require --refused.")
    elif not reason:
        raise click.UsageError("Missing option '--reason'.")
    else:
        _remove_one(email or "", reason)


def _remove_one(email: str, reason: str) -> None:
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        if not list_of.remove_suppression(session, email):
            raise NotFound(f"{email} is not suppressed.")
        _note(session, "suppression.removed", masked_email(email), {"reason": reason})
    log.warning("suppression_removed", reason=reason)
    click.echo(f"{email} can get campaign emails again.")


def _remove_refused(since: str | None, reason: str, *, dry_run: bool) -> None:
    if since is None:
        raise click.UsageError("--refused requires --since: when the refusals began.")
    installation = make_installation(broker=False)
    start = clock.parse_start(since, clock.zone(installation.settings.organization.timezone))
    if dry_run:
        with installation.sessions() as session:
            found = list_of.count_refused(session, start)
        click.echo(f"{found:,} refused since {since} would get campaign emails again.")
        return
    with installation.sessions.begin() as session:
        removed = list_of.remove_refused(session, start)
        details = {"since": start.isoformat(), "removed": removed, "reason": reason or "refused"}
        _note(session, "suppressions.refused_removed", "refused", details)
    log.warning("refused_suppressions_removed", since=start.isoformat(), removed=removed)
    click.echo(f"{removed:,} can get campaign emails again.")
    if removed:
        click.echo("To send what they did not get: campaign mail resend --failed")


def _note(session: Session, action: str, key: str, details: dict[str, Any]) -> None:
    """Record the action. `key` holds no full address, because erasing a person does not reach it."""
    record(session, Actor.command_line(), action, Subject("suppression", key), after=details)


def _address(text: str) -> str:
    try:
        return read_address(text.strip())
    except ValueError as error:
        raise ListInvalid(f"{str(error).rstrip('.')}.") from None
