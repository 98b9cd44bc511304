"""`campaign review`: list everything that needs attention."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import click

from campaign.audit.heartbeats import JobStatus
from campaign.campaigns.finalization import LateEntry
from campaign.core import clock, money
from campaign.mailer.refusal_advice import describe_outage
from campaign.models import MailOutage, Siege
from campaign.reconciliation.runs import UnresolvedRun
from campaign.reporting.review_queue import (
    ActionableWarning,
    FailedEmail,
    OpenDispute,
    PendingErasure,
    ProblemRefund,
    Review,
    StuckEmails,
    UnappliedEvent,
    UnmatchedEvidence,
    read_review,
)
from campaign.runtime.context import make_installation

_One = TypeVar("_One")

_UNKNOWN = "unknown donation"


@click.command("review")
def review() -> None:
    """List everything that needs attention.

    Exit 0 whether or not the list is empty.
    """
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        found = read_review(session, clock.now())
    zone = clock.zone(installation.settings.organization.timezone)
    if found.empty:
        click.echo("Nothing needs attention.")
        return
    click.echo("\n\n".join("\n".join([title, *lines]) for title, lines in _groups(found, zone)))


def _groups(found: Review, zone: ZoneInfo) -> Iterable[tuple[str, Sequence[str]]]:
    groups = (
        ("Disputes and inquiries", _lines(_dispute, found.disputes, zone)),
        (
            "Fraud warnings (a refund now avoids a dispute)",
            _lines(_warning, found.warnings, zone),
        ),
        ("Refunds with problems", _lines(_refund, found.refunds, zone)),
        ("Events that could not be applied", _lines(_event, found.events, zone)),
        ("Mail server refuses everybody", _lines(_outage, found.outages, zone)),
        ("Failed email", _lines(_message, found.messages, zone)),
        ("Stuck email", _lines(_stuck, found.stuck, zone)),
        ("Card testing", _lines(_siege, found.sieges, zone)),
        ("Overdue jobs", [*map(_job, found.overdue_jobs)]),
        ("Late entries, not in the final result", _lines(_late, found.late_entries, zone)),
        ("Unmatched refunds and disputes", [*map(_unmatched, found.unmatched)]),
        ("Erasure requests", _lines(_erasure, found.erasures, zone)),
        ("Discrepancies with Stripe", _lines(_reconciliation, found.comparisons, zone)),
    )
    return ((f"{title}: {len(lines)}", lines) for title, lines in groups if lines)


def _lines(
    line_of: Callable[[_One, ZoneInfo], str], every: Iterable[_One], zone: ZoneInfo
) -> Sequence[str]:
    return [line_of(one, zone) for one in every]


def _dispute(one: OpenDispute, zone: ZoneInfo) -> str:
    due = f"evidence due {_when(one.due_by, zone)}" if one.due_by else "no due date"
    return (
        f"  {one.donation or _UNKNOWN}  {_amount(one.amount, one.currency)}"
        f"  {one.stage} {one.stripe_id}, {one.reason}, {due}, {one.status}"
    )


def _warning(one: ActionableWarning, zone: ZoneInfo) -> str:
    amount = _amount(one.amount, one.currency)
    return f"  {one.donation}  {amount}  {one.stripe_id}, {one.fraud_type}, {_when(one.created_at, zone)}"


def _siege(one: Siege, zone: ZoneInfo) -> str:
    return f"  since {_when(one.began_at, zone)}, for {one.scope}: {one.reason}"


def _refund(one: ProblemRefund, zone: ZoneInfo) -> str:
    why = f" ({one.failure_reason})" if one.failure_reason else ""
    return (
        f"  {one.donation}  {_amount(one.amount, one.currency)}"
        f"  {one.stripe_id or 'no Stripe ID yet'}, {one.state}{why}, requested {_when(one.created_at, zone)}"
    )


def _event(one: UnappliedEvent, zone: ZoneInfo) -> str:
    what = f"{one.type} of {_when(one.occurred_at, zone)}, {one.attempts} attempts"
    return (
        f"  {one.id}  {what}: {_line(one.last_error)}  Once fixed: campaign events replay {one.id}"
    )


def _message(one: FailedEmail, zone: ZoneInfo) -> str:
    when = _when(one.created_at, zone)
    return (
        f"  {one.kind} {one.subject} to {one.recipient}, {when}: {_line(one.last_error)}"
        f"  To send it again: campaign mail resend {one.id}"
    )


def _outage(one: MailOutage, zone: ZoneInfo) -> str:
    return f"  {describe_outage(one)}  Since {_when(one.opened_at, zone)}. To check: campaign mail check"


def _stuck(one: StuckEmails, zone: ZoneInfo) -> str:
    since = _when(one.since, zone)
    return f"  {one.number} {one.kind}, oldest since {since}: campaign mail list --state stuck"


def _job(one: JobStatus) -> str:
    return f"  {one.job}  {_line(one.sentence)}"


def _late(one: LateEntry, zone: ZoneInfo) -> str:
    return (
        f"  {one.donation}  {_amount(one.amount, one.currency)}  {one.kind} of {_when(one.occurred_at, zone)}"
        f'  To count it: campaign ledger correct {one.id} --campaign {one.campaign} --reason "…"'
    )


def _unmatched(one: UnmatchedEvidence) -> str:
    return f"  {one.kind} {one.stripe_id or '?'} of payment {one.payment_intent_id or 'unknown'}"


def _reconciliation(one: UnresolvedRun, zone: ZoneInfo) -> str:
    result = f"failed: {_line(one.error)}" if one.error else f"{one.left} left"
    return f"  {_when(one.ended_at, zone)}: {result}  To list them: campaign reconcile"


def _amount(minor: int, currency: str) -> str:
    return f"{money.format_money(minor, currency)} {currency.upper()}"


def _when(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


def _line(text: str | None) -> str:
    return " ".join((text or "no reason recorded").split())


def _erasure(one: PendingErasure, zone: ZoneInfo) -> str:
    when = _when(one.asked_at, zone)
    return f"  donor {one.donor_id}, requested {when}; campaign donor erase {one.email}"
