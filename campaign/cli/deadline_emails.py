"""`campaign deadline-emails`: the cron job that queues emails of the schedule."""

from contextlib import nullcontext
from datetime import datetime

import click

from campaign.audit.heartbeats import DEADLINE_EMAILS
from campaign.core import clock
from campaign.core.errors import CampaignError
from campaign.core.task_queue import OUTBOX
from campaign.mailer.kinds import EmailKind
from campaign.outreach import countdown
from campaign.outreach.countdown import Queued
from campaign.runtime.context import Installation, make_installation
from campaign.runtime.job_heartbeat import heartbeat

_EMAILS = {
    EmailKind.appeal: ("appeal", "appeals"),
    EmailKind.extension: ("email about the new deadline", "emails about the new deadline"),
    EmailKind.reminder: ("reminder", "reminders"),
    EmailKind.thank_you: ("thank-you email", "thank-you emails"),
    EmailKind.wrap_up: ("results email", "results emails"),
}


@click.command("deadline-emails")
@click.option("--dry-run", is_flag=True, help="Show what would be queued without queueing it.")
def deadline_emails(*, dry_run: bool) -> None:
    """Queue the countdown and deadline emails that are due now. Prints nothing if none is due.

    Safe to run at any frequency and concurrently. Each campaign without a final result is handled separately: if one
    fails, the others are still handled.
    """
    installation = make_installation(broker=False)
    with nullcontext() if dry_run else heartbeat(installation, DEADLINE_EMAILS):
        _run(installation, clock.now(), dry_run=dry_run)


def _run(installation: Installation, at: datetime, *, dry_run: bool) -> None:
    with installation.sessions() as session:
        campaigns = countdown.campaigns_to_mail(session, at)
    done: list[Queued] = []
    failed: list[str] = []
    for campaign_id, slug in campaigns:
        try:
            found = _queue(installation, campaign_id, at, dry_run=dry_run)
        except Exception as error:  # noqa: BLE001 - a failure of one campaign must not stop the others
            failed.append(f"{slug}: {_reason(error)}")
        else:
            done += found
            _print_queued(slug, found, dry_run=dry_run)
    due = any(step.count for step in done)
    if due and not dry_run:
        installation.notify(OUTBOX)
    if failed:
        raise CampaignError(f"Not queued; the next run tries again: {'; '.join(failed)}.")
    if dry_run and not due:
        click.echo("Nothing is due.")


def _queue(
    installation: Installation, campaign_id: int, at: datetime, *, dry_run: bool
) -> list[Queued]:
    """Queue or preview the due emails of one campaign, in a transaction of its own."""
    cap = installation.settings.mail.email_cap
    if not dry_run:
        with installation.sessions.begin() as session:
            domain = installation.settings.mail_from.domain
            return countdown.queue_due(session, campaign_id, at, domain, cap=cap)
    with installation.sessions() as session:
        session.connection(execution_options={"postgresql_readonly": True})
        return countdown.preview_due(session, campaign_id, at, cap=cap)


def _print_queued(slug: str, found: list[Queued], *, dry_run: bool) -> None:
    verb = "would be queued" if dry_run else "queued"
    for step in found:
        if not step.count:
            continue
        said = step.name and step.name.lower() != step.key.replace("_", " ")
        name = f" ({step.name})" if said else ""
        until = f"to be sent before {step.closes:%Y-%m-%d %H:%M} UTC"
        emails = _EMAILS[step.kind][step.count != 1]
        click.echo(f"{slug}: {step.key}: {step.count:,} {emails} {verb}, {until}{name}.")


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0].rstrip('.')}"
