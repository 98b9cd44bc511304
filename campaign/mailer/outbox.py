"""The outbox: claim the messages that `mailer.queue` queued, and record what happened to them.

A claim is a lease. If a worker dies after sending a message, another sends it again under the same Message-ID. A
receipt may arrive twice as one email, but it always arrives. `emails.bulk_claims` claims campaign emails.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, func, select, update
from sqlalchemy.orm import Session

from campaign.core.backoff import Backoff
from campaign.core.claims import MOMENT, LeasedRows
from campaign.models import OutboxMessage, OutboxState

LEASE = timedelta(minutes=10)
"""How long a claimed message is reserved for its worker."""
TIME_FOR_A_BATCH = timedelta(minutes=2)
"""After this a worker starts no further message of its batch, so that none is being sent when the lease ends."""
BACKOFF = Backoff(timedelta(seconds=30), timedelta(hours=1), patience=timedelta(days=1))

WAITING = (OutboxState.queued.value, OutboxState.sending.value)
"""The states of unfinished messages."""


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

# Built once, on the table itself: the ORM statement costs several times as much for every message.
_SENT = QUEUE.ours.values(
    state=OutboxState.sent.value, sent_at=MOMENT, lease_until=None, last_error=None
)


def due(at: datetime, *, bulk: bool) -> ColumnElement[bool]:
    """Whether a message is queued and due at `at`, or claimed by a worker whose lease has ended by then."""
    return QUEUE.due(at) & MESSAGES.c.bulk.is_(bulk)


def claim_messages(session: Session, at: datetime, limit: int) -> Sequence[EmailClaim]:
    """Claim up to `limit` due messages that are not bulk, until `at` + LEASE.

    Two workers never get the same message.
    """
    rows = QUEUE.claim(session, CLAIMED, at, LEASE, limit, MESSAGES.c.bulk.is_(False))
    return [EmailClaim(**row._asdict()) for row in rows]


def mark_sent(session: Session, claim: EmailClaim, at: datetime) -> bool:
    """Record that the receiving server accepted the message.

    This and the functions below return False if the claim was lost to another worker.
    """
    return QUEUE.change(session, _SENT, claim, moment=at)


def mark_refused(session: Session, claim: EmailClaim, error: str) -> bool:
    """Record that the receiving server refused the message permanently. It stays visible and is not retried."""
    return QUEUE.finish(
        session, claim, state=OutboxState.failed.value, begun_at=None, last_error=error[:1000]
    )


def mark_dropped(session: Session, claim: EmailClaim, reason: str) -> bool:
    """Record why the message is obsolete. It is not sent."""
    return QUEUE.finish(
        session, claim, state=OutboxState.dropped.value, begun_at=None, last_error=reason[:1000]
    )


def mark_delayed(
    session: Session,
    claim: EmailClaim,
    error: str,
    at: datetime,
    *,
    apart: timedelta = timedelta(0),
) -> bool:
    """Retry after 30 seconds, then at doubled intervals up to an hour, for a day, and never past the expiry.

    `apart` is added to the interval, to spread messages that were refused together. Return True if there is no further
    attempt: the message is given up (failed) or expired (dropped).
    """
    since = session.scalars(
        select(func.coalesce(OutboxMessage.resent_at, OutboxMessage.created_at)).where(
            OutboxMessage.id == claim.id
        )
    ).one()
    again = at + BACKOFF.wait(claim.attempts) + apart
    if claim.expires_at is not None and again >= claim.expires_at:
        return mark_dropped(session, claim, f"expires before the next attempt: {error}")
    if BACKOFF.is_over(since=since, at=again):
        return mark_refused(session, claim, f"given up after a day: {error}")
    put_back(session, claim, again, last_error=error[:1000])
    return False


def put_back(session: Session, claim: EmailClaim, at: datetime, **values: object) -> bool:
    """Return the message to the queue, due at `at`."""
    return QUEUE.put_back(session, claim, at, begun_at=None, **values)


def reclaim(session: Session, claim: EmailClaim) -> bool:
    """Undo `mark_refused`, so that the claim may get another outcome; False if the message has changed since."""
    reclaimed = session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == claim.id,
            OutboxMessage.attempts == claim.attempts,
            OutboxMessage.state == OutboxState.failed.value,
        )
        .values(state=OutboxState.sending.value)
        .returning(OutboxMessage.id)
        .execution_options(synchronize_session=False)
    )
    return reclaimed.one_or_none() is not None


def release(session: Session, claims: Sequence[EmailClaim], at: datetime) -> None:
    """Release messages that were claimed but not tried."""
    for claim in claims:
        put_back(session, claim, at, attempts=claim.attempts - 1)
