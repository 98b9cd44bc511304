"""Alert emails to staff: all problems in one email, each problem at most once a day. No problems, no email."""

import hashlib
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns import formatting
from campaign.core import money
from campaign.core.i18n import ENGLISH, get_language
from campaign.core.locks import AdvisoryLock, lock_until_commit
from campaign.mailer.circuit_breaker import outages_since
from campaign.mailer.kinds import EmailKind
from campaign.mailer.queue import NewEmail, queue_email
from campaign.mailer.refusal_advice import describe_outage
from campaign.models import InboxEvent, InboxState, OutboxMessage, Siege, SiegeScope
from campaign.reporting.review_queue import (
    ActionableWarning,
    OpenDispute,
    ProblemRefund,
    Review,
    read_review,
)

FAILING_FOR = timedelta(hours=1)
"""Failed events are retried automatically; after this long, staff should know."""

OUTAGES_OF = timedelta(hours=12)
"""Stops of sending that began so long ago are reported even if they have ended."""


def queue_alert(
    session: Session, at: datetime, recipient: str, mail_domain: str, timezone: str
) -> int:
    """Queue one email about the problems that were not reported yet today, and return their number.

    "Today" is the day in `timezone`. A lock until commit keeps two concurrent calls from reporting the same problem.
    """
    if not recipient:
        return 0
    lock_until_commit(session, AdvisoryLock.STAFF_ALERT)
    day = at.astimezone(ZoneInfo(timezone)).date().isoformat()
    reported = _reported(session, day)
    new = {
        key: words
        for key, words in find_problems(session, at, ZoneInfo(timezone)).items()
        if key not in reported
    }
    if not new:
        return 0
    digest = hashlib.sha256("\x1f".join([day, *sorted(new)]).encode()).hexdigest()[:24]
    email = NewEmail(
        kind=EmailKind.staff_alert,
        subject_key=f"{day}:{digest}",
        recipient=recipient,
        details={"problems": list(new.values()), "keys": list(new)},
    )
    return len(new) if queue_email(session, email, mail_domain) else 0


def _reported(session: Session, day: str) -> set[str]:
    details = session.scalars(
        select(OutboxMessage.details).where(
            OutboxMessage.kind == EmailKind.staff_alert,
            OutboxMessage.subject_key.startswith(f"{day}:"),
        )
    )
    return {key for each in details for key in each.get("keys", ())}


def find_problems(session: Session, at: datetime, zone: ZoneInfo) -> dict[str, str]:
    """Return the problems at `at`: sentences by a key that stays the same while the problem lasts."""
    found = read_review(session, at)
    problems = {
        f"job:{one.job}": f"The job {one.job} is {one.sentence}. Check that the workers and the scheduler are running."
        for one in found.overdue_jobs
    }
    problems |= {
        f"dispute:{one.stripe_id}:{one.status}": _dispute(one, zone) for one in found.disputes
    }
    problems |= {f"warning:{one.stripe_id}": _warning(one) for one in found.warnings}
    problems |= {f"siege:{one.id}:{one.scope}": _siege(one, zone) for one in found.sieges}
    problems |= {_refund_key(one): _refund(one) for one in found.refunds}
    return (
        problems
        | _outage_problems(session, at)
        | _email_problems(found)
        | _event_problems(session, found, at)
        | _ledger_problems(found)
    )


def _dispute(one: OpenDispute, zone: ZoneInfo) -> str:
    due = f"evidence is due by {_due(one.due_by, zone)}" if one.due_by else "no due date"
    amount = money.format_money(one.amount, one.currency)
    what = "The appeal of dispute" if one.appealed else "Dispute"
    return f"{what} {one.stripe_id} over {amount} is open ({one.status}): {due}. Respond in the Stripe dashboard."


def _due(moment: datetime, zone: ZoneInfo) -> str:
    """Format as `January 4, 2027, 11:59 p.m. PST`; alerts are in English."""
    time = formatting.time_with_zone(moment, zone, get_language(ENGLISH))
    return f"{moment.astimezone(zone):%B %-d, %Y}, {time}"


def _warning(one: ActionableWarning) -> str:
    amount = money.format_money(one.amount, one.currency)
    return (
        f"A bank suspects fraud ({one.fraud_type}) in donation {one.donation} of {amount}."
        " Refund it now to avoid a dispute."
    )


def _siege(one: Siege, zone: ZoneInfo) -> str:
    who = "everyone's attempts" if one.scope == SiegeScope.everyone else "scripts' attempts"
    return (
        f"Card testing: since {_due(one.began_at, zone)}, {who} to give cost a moment of computing or a wait"
        f" ({one.reason}). It ends by itself. See /staff/card-testing and the payments in the Stripe dashboard."
    )


def _refund_key(one: ProblemRefund) -> str:
    """Return the key of a refund. One that Stripe has not confirmed has no Stripe id yet."""
    name = one.stripe_id or f"{one.donation}:{one.created_at.isoformat()}"
    return f"refund:{name}:{one.state}"


def _refund(one: ProblemRefund) -> str:
    amount = money.format_money(one.amount, one.currency)
    reason = f", {one.failure_reason}" if one.failure_reason else ""
    return (
        f"A refund of {amount} for donation {one.donation} has not reached the donor"
        f" ({one.state}{reason}). See `campaign review`."
    )


def _outage_problems(session: Session, at: datetime) -> dict[str, str]:
    """Report stops of sending, also those that ended before anybody could be told. Repeated ones are one problem."""
    return {
        f"mail_outage:{one.lane}:{one.cause}": describe_outage(one)
        for one in outages_since(session, at - OUTAGES_OF)
    }


def _email_problems(found: Review) -> dict[str, str]:
    """Report stuck and failed emails, except alerts: another alert would not arrive either."""
    problems = {
        f"stuck:{one.kind}": f"{_counted(one.number, 'email')} of kind {one.kind} stuck."
        " See `campaign mail list --state stuck`."
        for one in found.stuck
        if one.kind != EmailKind.staff_alert
    }
    for kind in sorted({one.kind for one in found.messages} - {EmailKind.staff_alert}):
        emails = _counted(sum(one.kind == kind for one in found.messages), "email")
        problems[f"failed:{kind}"] = (
            f"{emails} of kind {kind} failed. See `campaign mail list --state failed`."
        )
    return problems


def _event_problems(session: Session, found: Review, at: datetime) -> dict[str, str]:
    failing = session.scalar(
        select(func.count()).where(
            InboxEvent.state == InboxState.failed.value,
            InboxEvent.received_at <= at - FAILING_FOR,
        )
    )
    problems = {}
    if failing:
        problems["events:failing"] = (
            f"{_counted(failing, 'event')} from Stripe failing for more than an hour, with retries."
            " See the workers' log."
        )
    if found.events:
        problems["events:given_up"] = (
            f"{_counted(len(found.events), 'event')} from Stripe could not be applied."
            " `campaign review` shows why, and the command to replay each one."
        )
    return problems


def _ledger_problems(found: Review) -> dict[str, str]:
    problems = {}
    if found.late_entries:
        problems["late"] = (
            f"{_counted(len(found.late_entries), 'ledger entry', 'ledger entries')} after a final result."
            " See `campaign ledger late`."
        )
    if found.unmatched:
        problems["unmatched"] = (
            f"{_counted(len(found.unmatched), 'unmatched refund or dispute', 'unmatched refunds and disputes')}."
            " See `campaign review`."
        )
    for one in found.comparisons:
        problems[f"comparison:{one.run_id}"] = (
            f"The reconciliation with Stripe failed: {one.error}"
            if one.error
            else f"{_counted(one.left, 'discrepancy', 'discrepancies')} between the ledger and Stripe."
            " See `campaign reconcile`."
        )
    return problems


def _counted(number: int, one: str, many: str = "") -> str:
    return f"1 {one}" if number == 1 else f"{number} {many or one + 's'}"
