"""`campaign mail`: list undelivered email, send it again, and check the mail setup."""

import sys
from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import click
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core import clock
from campaign.core.errors import CampaignError, ResendRefused
from campaign.core.task_queue import OUTBOX
from campaign.mailer import undelivered
from campaign.mailer.circuit_breaker import open_outages, try_now
from campaign.mailer.preflight import Verdict, findings, records
from campaign.mailer.refusal_advice import describe_outage
from campaign.mailer.undelivered import UndeliveredEmail, UndeliveredState
from campaign.models import OutboxMessage
from campaign.runtime.context import Installation, make_installation


@click.group("mail")
def mail() -> None:
    """List undelivered email, send it again, check the setup."""


@mail.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in UndeliveredState]),
    help="Only this state; may be repeated. stuck: due for more than an hour, or left behind by a worker that died."
    "  [default: queued, sending, failed]",
)
@click.option("--kind", help="Only this kind: receipt, appeal, reminder, thank_you, …")
@click.option(
    "--limit", default=500, show_default=True, type=click.IntRange(1), help="Most to list."
)
def list_mail(states: tuple[str, ...], kind: str | None, limit: int) -> None:
    """List queued and failed email, one per line, oldest first."""
    installation = make_installation(broker=False)
    wanted = [UndeliveredState(state) for state in states] or list(undelivered.UNDELIVERED_STATES)
    with installation.sessions() as session:
        found = undelivered.list_messages(session, clock.now(), wanted, kind, limit + 1)
        stops = [describe_outage(one) for one in open_outages(session)]
    for stop in stops:
        click.echo(stop)
    if not found:
        click.echo("No matching email.")
    zone = clock.zone(installation.settings.organization.timezone)
    for one in found[:limit]:
        click.echo(_line(one, zone))
    if len(found) > limit:
        click.echo(f"There are more. Use --limit {limit * 10} to list more.")


def _line(one: UndeliveredEmail, zone: ZoneInfo) -> str:
    line = f"{one.id}  {one.state}  {one.kind} {one.subject_key} to {one.recipient or '(erased)'}"
    line += f"  {_when(one.created_at, zone)}, {one.attempts} attempts"
    if one.state == "queued":
        line += f", next {_when(one.next_attempt_at, zone)}"
    return f"{line}: {' '.join(one.last_error.split())}" if one.last_error else line


def _when(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


@mail.command("resend")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@click.option("--failed", is_flag=True, help="Send all failed email again, instead of IDs.")
@click.option("--kind", help="With --failed: only this kind.")
@click.option(
    "--even-if-it-arrived",
    is_flag=True,
    help="Include campaign emails that may have been delivered. Some people will get them twice.",
)
def resend(
    ids: tuple[int, ...], *, failed: bool, kind: str | None, even_if_it_arrived: bool
) -> None:
    """Queue email again, with the same Message-ID.

    Reports what was queued, and what was not and why. Obsolete email is not sent, nor a campaign email that was
    delivered.
    """
    if failed == bool(ids):
        raise click.UsageError("Give either message IDs from `campaign mail list`, or --failed.")
    if kind is not None and not failed:
        raise click.UsageError("--kind requires --failed.")
    installation = make_installation(broker=False)
    if failed:
        _resend_failed(installation, kind, even=even_if_it_arrived)
    refused = [each for each in ids if not _resend_one(installation, each, even=even_if_it_arrived)]
    installation.notify(OUTBOX)
    if refused:
        sys.exit(1)


def _resend_one(installation: Installation, message_id: int, *, even: bool) -> bool:
    try:
        with installation.sessions.begin() as session:
            message = _queue_again(session, message_id, even=even)
            described = f"{message.kind} {message.subject_key} to {message.recipient}"
    except ResendRefused as refused:
        click.echo(f"{message_id}: not queued: {refused}.", err=True)
        return False
    except CampaignError as error:
        click.echo(str(error), err=True)
        return False
    click.echo(f"{message_id}: {described} queued again.")
    return True


def _queue_again(session: Session, message_id: int, *, even: bool) -> OutboxMessage:
    message = undelivered.resend(session, message_id, clock.now(), even_if_it_arrived=even)
    subject = Subject("message", str(message_id), message.campaign_id)
    details = {"kind": message.kind, "about": message.subject_key, "even_if_it_arrived": even}
    record(session, Actor.command_line(), "message.resent", subject, after=details)
    return message


def _resend_failed(installation: Installation, kind: str | None, *, even: bool) -> None:
    """Queue each failed message in its own commit, so that one failure does not hold up the others."""
    with installation.sessions.begin() as session:
        try_now(
            session, clock.now()
        )  # also if nothing failed: what is queued waits for the next try
        ids = undelivered.failed_ids(session, kind)
    reasons: Counter[str] = Counter()
    queued = 0
    for message_id in ids:
        try:
            with installation.sessions.begin() as session:
                _queue_again(session, message_id, even=even)
            queued += 1
        except CampaignError as refused:
            reasons[str(refused)] += 1
    click.echo(f"Queued again: {queued} of {len(ids)} failed messages.")
    for reason, number in reasons.most_common():
        click.echo(f"Not queued: {number}: {reason}.")


@mail.command("check")
@click.option(
    "--to",
    default="",
    metavar="EMAIL",
    help="Ask the mail server about this address, such as one of yours at another provider."
    "  [default: ALERTS_TO]",
)
def check(to: str) -> None:
    """Check the mail setup and print the DNS records you need.

    Checks the settings, the headers and the connection to the mail server, and asks it whether it takes an email from
    MAIL_FROM to ALERTS_TO. Sends nothing. Exit 1 if anything is wrong.
    """
    installation = make_installation(broker=False)
    found = list(findings(installation.settings, clock.now(), to))
    for one in found:
        click.echo(f"{one.verdict.value:<11}  {one.words}.")
    click.echo(
        "\nPublish these DNS records. Your mail host provides SELECTOR and PUBLIC-KEY, and often"
    )
    click.echo(
        "another SPF mechanism (include:…) to use instead of the one shown. Its DKIM signature"
    )
    click.echo("must cover List-Unsubscribe and List-Unsubscribe-Post (RFC 8058).\n")
    for line in records(installation.settings):
        click.echo(line)
    wrong = sum(one.verdict is Verdict.wrong for one in found)
    if wrong:
        click.echo(f"{wrong} to fix; see WRONG above.", err=True)
        sys.exit(1)
