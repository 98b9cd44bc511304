"""The outbox: claim what `mailer.queue` has put into it, and keep what happened to it.

A claim is a lease. A worker that dies after handing over a letter leaves it to another, which sends it again under the
same Message-ID: a receipt may arrive twice as one mail, never not at all. Bulk mail is claimed by `emails.bulk_claims`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.orm import Session

from campaign.core.backoff import Backoff
from campaign.core.claims import MOMENT, LeasedRows
from campaign.models import OutboxMessage, OutboxState

LEASE = timedelta(minutes=10)
"""How long a claimed message is nobody else's."""
TIME_FOR_A_BATCH = timedelta(minutes=2)
"""After this a worker begins no further letter of its batch, so that none is under way when the lease ends."""
BACKOFF = Backoff(timedelta(seconds=30), timedelta(hours=1), patience=timedelta(days=1))

WAITING = (OutboxState.queued.value, OutboxState.sending.value)
"""The states of what is not over."""


@dataclass(frozen=True)
class EmailClaim:
    """One message that this worker may send until its lease ends."""

    id: int
    kind: str
    subject_key: str
    receipt_id: int | None
    subscription_id: int | None
    campaign_id: int | None
    step_id: int | None
    donor_id: int | None
    recipient: str
    name: str
    locale: str
    timezone: str | None
    token: str
    details: dict[str, Any]
    bulk: bool
    expires_at: datetime | None
    message_id: str
    attempts: int


MESSAGES = cast("Table", OutboxMessage.__table__)
QUEUE = LeasedRows(MESSAGES, queued=OutboxState.queued.value, claimed=OutboxState.sending.value)

CLAIMED = tuple(MESSAGES.c[field.name] for field in fields(EmailClaim))
"""The columns of a claim, in its order."""

# What is run for every letter is put together once, on the table itself: the model's costs several times as much.
_SENT = QUEUE.ours.values(
    state=OutboxState.sent.value, sent_at=MOMENT, lease_until=None, last_error=None
)


def due(at: datetime, *, bulk: bool) -> ColumnElement[bool]:
    """Waiting and due at `at`, or claimed by a worker whose lease has ended by then."""
    return QUEUE.due(at) & MESSAGES.c.bulk.is_(bulk)


def claim_messages(session: Session, at: datetime, limit: int) -> Sequence[EmailClaim]:
    """Up to `limit` messages that are due and not bulk, claimed until `at` + LEASE.

    Two workers never get the same one.
    """
    rows = QUEUE.claim(session, CLAIMED, at, LEASE, limit, MESSAGES.c.bulk.is_(False))
    return [EmailClaim(**row._asdict()) for row in rows]


def mark_sent(session: Session, claim: EmailClaim, at: datetime) -> bool:
    """The receiving server took the message. This and what follows: False where the claim is no longer ours."""
    return QUEUE.change(session, _SENT, claim, moment=at)


def mark_refused(session: Session, claim: EmailClaim, error: str) -> bool:
    """The receiving server refused the message for good: it stays visible and is not tried again."""
    return QUEUE.finish(
        session, claim, state=OutboxState.failed.value, begun_at=None, last_error=error[:1000]
    )


def mark_dropped(session: Session, claim: EmailClaim, reason: str) -> bool:
    """What the message was to tell is no longer so: it is not sent, and says why."""
    return QUEUE.finish(
        session, claim, state=OutboxState.dropped.value, begun_at=None, last_error=reason[:1000]
    )


def mark_delayed(session: Session, claim: EmailClaim, error: str, at: datetime) -> bool:
    """Try again after 30 seconds, then at doubled intervals up to an hour, for a day, and never past its expiry.

    True when that was the last time: it is given up (failed), or too late (dropped).
    """
    since = session.scalars(
        select(func.coalesce(OutboxMessage.resent_at, OutboxMessage.created_at)).where(
            OutboxMessage.id == claim.id
        )
    ).one()
    again = at + BACKOFF.wait(claim.attempts)
    if claim.expires_at is not None and again >= claim.expires_at:
        return mark_dropped(session, claim, f"too late to be tried again: {error}")
    if BACKOFF.is_over(since=since, at=again):
        return mark_refused(session, claim, f"given up after a day: {error}")
    put_back(session, claim, again, last_error=error[:1000])
    return False


def put_back(session: Session, claim: EmailClaim, at: datetime, **values: object) -> bool:
    """Back into the queue until `at`."""
    return QUEUE.put_back(session, claim, at, begun_at=None, **values)


def release(session: Session, claims: Sequence[EmailClaim], at: datetime) -> None:
    """Give back messages that were claimed and not tried."""
    for claim in claims:
        put_back(session, claim, at, attempts=claim.attempts - 1)
