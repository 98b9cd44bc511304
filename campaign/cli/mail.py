"""`campaign mail`."""

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
from campaign.mailer.preflight import Verdict, findings, records
from campaign.mailer.undelivered import UndeliveredEmail, UndeliveredState
from campaign.models import OutboxMessage
from campaign.runtime.context import Installation, make_installation


@click.group("mail")
def mail() -> None:
    """See what mail waits or failed, send it again, check before it goes out."""


@mail.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in UndeliveredState]),
    help="Only these; may be repeated. stuck: due for more than an hour, or left by a worker that died."
    "  [default: queued, sending, failed]",
)
@click.option("--kind", help="Only this kind: receipt, appeal, reminder, thank_you, …")
@click.option("--limit", default=500, show_default=True, type=click.IntRange(1), help="At most.")
def list_mail(states: tuple[str, ...], kind: str | None, limit: int) -> None:
    """List mail that waits or failed, a line each, the oldest first."""
    installation = make_installation(broker=False)
    wanted = [UndeliveredState(state) for state in states] or list(undelivered.UNDELIVERED_STATES)
    with installation.sessions() as session:
        found = undelivered.list_messages(session, clock.now(), wanted, kind, limit + 1)
    if not found:
        click.echo("There is no such mail.")
    zone = clock.zone(installation.settings.organization.timezone)
    for one in found[:limit]:
        click.echo(_line(one, zone))
    if len(found) > limit:
        click.echo(f"There is more; --limit {limit * 10} shows more of it.")


def _line(one: UndeliveredEmail, zone: ZoneInfo) -> str:
    words = (
        f"{one.id}  {one.state}  {one.kind} {one.subject_key} to {one.recipient or '(forgotten)'}"
    )
    words += f"  {_when(one.created_at, zone)}, tried {one.attempts} times"
    if one.state == "queued":
        words += f", next {_when(one.next_attempt_at, zone)}"
    return f"{words}: {' '.join(one.last_error.split())}" if one.last_error else words


def _when(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


@mail.command("resend")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@click.option("--failed", is_flag=True, help="Everything that failed, instead of IDs.")
@click.option("--kind", help="With --failed: only this kind.")
@click.option(
    "--even-if-it-arrived",
    is_flag=True,
    help="Appeals and the like too, of which it is not known whether they arrived: some people get them twice.",
)
def resend(
    ids: tuple[int, ...], *, failed: bool, kind: str | None, even_if_it_arrived: bool
) -> None:
    """Queue messages once more, under the same Message-ID; says what was queued and what was not, and why.

    Nothing is sent after its time, and nothing to many readers that did arrive.
    """
    if failed == bool(ids):
        raise click.UsageError(
            "Give either message ids, as `campaign mail list` has them, or --failed."
        )
    if kind is not None and not failed:
        raise click.UsageError("--kind goes with --failed.")
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
            told = f"{message.kind} {message.subject_key} to {message.recipient}"
    except ResendRefused as refused:
        click.echo(f"{message_id}: not sent again: {refused}.", err=True)
        return False
    except CampaignError as error:
        click.echo(str(error), err=True)
        return False
    click.echo(f"{message_id}: {told} is queued again.")
    return True


def _queue_again(session: Session, message_id: int, *, even: bool) -> OutboxMessage:
    message = undelivered.resend(session, message_id, clock.now(), even_if_it_arrived=even)
    subject = Subject("message", str(message_id), message.campaign_id)
    told = {"kind": message.kind, "about": message.subject_key, "even_if_it_arrived": even}
    record(session, Actor.command_line(), "message.resent", subject, after=told)
    return message


def _resend_failed(installation: Installation, kind: str | None, *, even: bool) -> None:
    """A commit each: what was queued goes out, whatever happens to the rest."""
    with installation.sessions() as session:
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
    click.echo(f"Queued again: {queued} of {len(ids)} that failed.")
    for reason, number in reasons.most_common():
        click.echo(f"Not sent again: {number}: {reason}.")


@mail.command("check")
def check() -> None:
    """Verify configuration, headers and the mail server's greeting, and print the DNS records that must hold.

    Sends nothing. Exit 1 if anything is wrong.
    """
    installation = make_installation(broker=False)
    found = list(findings(installation.settings, clock.now()))
    for one in found:
        click.echo(f"{one.verdict.value:<11}  {one.words}.")
    click.echo("\nThese records must hold. Your mail host gives SELECTOR and PUBLIC-KEY, and often")
    click.echo(
        "another SPF mechanism (include:…) to put in the place of the one here. Its DKIM signature"
    )
    click.echo("must cover List-Unsubscribe and List-Unsubscribe-Post (RFC 8058).\n")
    for line in records(installation.settings):
        click.echo(line)
    wrong = sum(one.verdict is Verdict.wrong for one in found)
    if wrong:
        click.echo(f"{wrong} to be mended; see WRONG above.", err=True)
        sys.exit(1)
