"""Alerts for staff: what is wrong, in one mail, each problem once a day. Quiet while nothing is wrong."""

import hashlib
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.core import money
from campaign.core.locks import AdvisoryLock, lock_until_commit
from campaign.mailer.kinds import EmailKind
from campaign.mailer.queue import NewEmail, queue_email
from campaign.models import InboxEvent, InboxState, OutboxMessage
from campaign.reporting.review_queue import (
    ActionableWarning,
    OpenDispute,
    ProblemRefund,
    Review,
    read_review,
)

FAILING_FOR = timedelta(hours=1)
"""An event that fails is tried again by itself; after so long somebody should know."""


def queue_alert(
    session: Session, at: datetime, recipient: str, mail_domain: str, timezone: str
) -> int:
    """Queue one mail about the problems that no mail of the same day in `timezone` told; their number.

    Two at once follow one another, until the commit: what the first tells the second does not repeat.
    """
    if not recipient:
        return 0
    lock_until_commit(session, AdvisoryLock.STAFF_ALERT)
    day = at.astimezone(ZoneInfo(timezone)).date().isoformat()
    told = _told(session, day)
    new = {
        key: words
        for key, words in find_problems(session, at, ZoneInfo(timezone)).items()
        if key not in told
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


def _told(session: Session, day: str) -> set[str]:
    details = session.scalars(
        select(OutboxMessage.details).where(
            OutboxMessage.kind == EmailKind.staff_alert,
            OutboxMessage.subject_key.startswith(f"{day}:"),
        )
    )
    return {key for each in details for key in each.get("keys", ())}


def find_problems(session: Session, at: datetime, zone: ZoneInfo) -> dict[str, str]:
    """What is wrong at `at`: a sentence by a key that stays the same while the problem lasts."""
    found = read_review(session, at)
    problems = {
        f"job:{one.job}": f"The job {one.job} is {one.sentence}. See that the workers and the schedule run."
        for one in found.overdue_jobs
    }
    problems |= {
        f"dispute:{one.stripe_id}:{one.status}": _dispute(one, zone) for one in found.disputes
    }
    problems |= {f"warning:{one.stripe_id}": _warning(one) for one in found.warnings}
    problems |= {_refund_key(one): _refund(one) for one in found.refunds}
    return problems | _mail(found) | _events(session, found, at) | _books(found)


def _dispute(one: OpenDispute, zone: ZoneInfo) -> str:
    due = (
        f"evidence is due by {one.due_by.astimezone(zone):%B %-d, %Y, %H:%M %Z}"
        if one.due_by
        else "no due date"
    )
    amount = money.format_money(one.amount, one.currency)
    return (
        f"Dispute {one.stripe_id} over {amount} is open ({one.status}): {due}. Answer it at Stripe."
    )


def _warning(one: ActionableWarning) -> str:
    amount = money.format_money(one.amount, one.currency)
    return (
        f"A bank suspects fraud ({one.fraud_type}) in the donation {one.donation} of {amount};"
        " a refund now avoids a dispute."
    )


def _refund_key(one: ProblemRefund) -> str:
    """A request that Stripe has not answered has no id of Stripe's."""
    name = one.stripe_id or f"{one.donation}:{one.created_at.isoformat()}"
    return f"refund:{name}:{one.state}"


def _refund(one: ProblemRefund) -> str:
    amount = money.format_money(one.amount, one.currency)
    reason = f", {one.failure_reason}" if one.failure_reason else ""
    return (
        f"A refund of {amount} for the donation {one.donation} has not reached the donor"
        f" ({one.state}{reason}); see `campaign review`."
    )


def _mail(found: Review) -> dict[str, str]:
    """An alert that does not arrive is told by no further one."""
    problems = {
        f"stuck:{one.kind}": f"{_counted(one.number, 'letter')} of the kind {one.kind} stuck;"
        " see `campaign mail list --state stuck`."
        for one in found.stuck
        if one.kind != EmailKind.staff_alert
    }
    for kind in sorted({one.kind for one in found.messages} - {EmailKind.staff_alert}):
        letters = _counted(sum(one.kind == kind for one in found.messages), "letter")
        problems[f"failed:{kind}"] = (
            f"{letters} of the kind {kind} failed; see `campaign mail list --state failed`."
        )
    return problems


def _events(session: Session, found: Review, at: datetime) -> dict[str, str]:
    failing = session.scalar(
        select(func.count()).where(
            InboxEvent.state == InboxState.failed.value,
            InboxEvent.received_at <= at - FAILING_FOR,
        )
    )
    problems = {}
    if failing:
        problems["events:failing"] = (
            f"{_counted(failing, 'event')} from Stripe failing for more than an hour, and tried again;"
            " see the workers' log."
        )
    if found.events:
        problems["events:given_up"] = (
            f"{_counted(len(found.events), 'event')} from Stripe given up;"
            " `campaign review` names the command that applies each again."
        )
    return problems


def _books(found: Review) -> dict[str, str]:
    problems = {}
    if found.late_entries:
        problems["late"] = (
            f"{_counted(len(found.late_entries), 'ledger entry', 'ledger entries')} later than a final result;"
            " see `campaign ledger late`."
        )
    if found.unmatched:
        problems["unmatched"] = (
            f"{_counted(len(found.unmatched), 'return')} of payments that no donation is known for;"
            " see `campaign review`."
        )
    for one in found.comparisons:
        problems[f"comparison:{one.run_id}"] = (
            f"The comparison with Stripe could not go on: {one.error}"
            if one.error
            else f"{_counted(one.left, 'difference')} between the ledger and Stripe; see `campaign reconcile`."
        )
    return problems


def _counted(number: int, one: str, many: str = "") -> str:
    return f"1 {one}" if number == 1 else f"{number} {many or one + 's'}"
