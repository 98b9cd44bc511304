"""Alerts for staff: what is wrong, in one mail, each problem once a day. Quiet while nothing is wrong."""

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign import money
from campaign.models import OutboxMessage, OutboxState
from campaign.services.review import OpenDispute, Review, read_review

STAFF_ALERT = "staff_alert"


def queue_alert(
    session: Session, at: datetime, recipient: str, mail_domain: str, timezone: str
) -> int:
    """Queue one mail about the problems that no mail of the same day in `timezone` told; their number."""
    if not recipient:
        return 0
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
    queued = session.scalar(
        insert(OutboxMessage)
        .values(
            kind=STAFF_ALERT,
            subject_key=f"{day}:{digest}",
            recipient=recipient,
            details={"problems": list(new.values()), "keys": list(new)},
            message_id=f"<staff-alert-{digest}@{mail_domain}>",
            state=OutboxState.queued.value,
        )
        .on_conflict_do_nothing(index_elements=["kind", "subject_key"])
        .returning(OutboxMessage.id)
    )
    return len(new) if queued else 0


def _told(session: Session, day: str) -> set[str]:
    details = session.scalars(
        select(OutboxMessage.details).where(
            OutboxMessage.kind == STAFF_ALERT, OutboxMessage.subject_key.startswith(f"{day}:")
        )
    )
    return {key for each in details for key in each.get("keys", ())}


def find_problems(session: Session, at: datetime, zone: ZoneInfo) -> dict[str, str]:
    """What is wrong at `at`: a sentence by a key that stays the same while the problem lasts."""
    found = read_review(session, at)
    problems = {
        f"job:{one.job}": f"The job {one.job} is {one.sentence}." for one in found.silent_jobs
    }
    problems |= {
        f"dispute:{one.stripe_id}:{one.status}": _dispute(one, zone) for one in found.disputes
    }
    return problems | _mail(found) | _money(found)


def _dispute(one: OpenDispute, zone: ZoneInfo) -> str:
    due = (
        f"evidence is due by {one.due_by.astimezone(zone):%B %-d, %Y, %H:%M %Z}"
        if one.due_by
        else "no due date"
    )
    amount = money.format_money(one.amount, one.currency)
    return f"Dispute {one.stripe_id} over {amount} is open ({one.status}): {due}."


def _mail(found: Review) -> dict[str, str]:
    """An alert that does not arrive is told by no further one."""
    problems = {
        f"stuck:{one.kind}": (
            f"{one.number} letters of the kind {one.kind} are stuck;"
            " see `campaign mail list --state stuck`."
        )
        for one in found.stuck
        if one.kind != STAFF_ALERT
    }
    for kind in sorted({one.kind for one in found.messages} - {STAFF_ALERT}):
        number = sum(one.kind == kind for one in found.messages)
        problems[f"failed:{kind}"] = (
            f"{number} letters of the kind {kind} failed; see `campaign mail list --state failed`."
        )
    return problems


def _money(found: Review) -> dict[str, str]:
    groups = {
        "events": (len(found.events), "events from Stripe could not be applied"),
        "refunds": (len(found.refunds), "refunds are in trouble"),
        "warnings": (len(found.warnings), "fraud warnings could still be answered by a refund"),
        "unplaced": (len(found.unplaced), "returns belong to no donation that is known"),
    }
    return {
        key: f"{number} {words}; see `campaign review`."
        for key, (number, words) in groups.items()
        if number
    }
