"""The outbox: queue a message with the fact it tells of, claim it, send it, keep what happened.

A claim is a lease. A worker that dies after handing over a letter leaves it to another, which sends it again under the
same Message-ID: a receipt may arrive twice as one mail, never not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.models import OutboxMessage, OutboxState, Receipt

LEASE = timedelta(minutes=10)
"""How long a claimed message is nobody else's."""
TIME_FOR_A_BATCH = timedelta(minutes=2)
"""After this a worker begins no further letter of its batch, so that none is under way when the lease ends."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
PATIENCE = timedelta(days=1)

RECEIPT = "receipt"


@dataclass(frozen=True)
class Claim:
    """One message that this worker may send until its lease ends."""

    id: int
    kind: str
    subject_key: str
    receipt_id: int | None
    subscription_id: int | None
    recipient: str
    message_id: str
    attempts: int


def queue_receipt(session: Session, receipt: Receipt, recipient: str, mail_domain: str) -> None:
    """One message a receipt; its Message-ID follows from the receipt's own number and token."""
    session.execute(
        insert(OutboxMessage)
        .values(
            kind=RECEIPT,
            subject_key=receipt.number,
            receipt_id=receipt.id,
            recipient=recipient,
            message_id=f"<receipt-{receipt.number}-{receipt.token[:8].lower()}@{mail_domain}>",
            state=OutboxState.queued.value,
        )
        .on_conflict_do_nothing(index_elements=["kind", "subject_key"])
    )


def claim_messages(session: Session, at: datetime, limit: int) -> Sequence[Claim]:
    """Up to `limit` messages that are due, claimed until `at` + LEASE; two workers never get the same one."""
    due = (
        select(OutboxMessage.id)
        .where(
            OutboxMessage.state.in_([OutboxState.queued, OutboxState.sending]),
            OutboxMessage.next_attempt_at <= at,
        )
        .order_by(OutboxMessage.next_attempt_at, OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    claimed = session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(select(due.c.id)))
        .values(
            state=OutboxState.sending.value,
            lease_until=at + LEASE,
            next_attempt_at=at + LEASE,
            attempts=OutboxMessage.attempts + 1,
        )
        .returning(
            OutboxMessage.id,
            OutboxMessage.kind,
            OutboxMessage.subject_key,
            OutboxMessage.receipt_id,
            OutboxMessage.subscription_id,
            OutboxMessage.recipient,
            OutboxMessage.message_id,
            OutboxMessage.attempts,
        )
        .execution_options(synchronize_session=False)
    )
    return [Claim(**row._asdict()) for row in claimed]


def mark_sent(session: Session, claim: Claim, at: datetime) -> None:
    """The receiving server took the message."""
    _finish(
        session, claim, state=OutboxState.sent.value, sent_at=at, lease_until=None, last_error=None
    )


def mark_refused(session: Session, claim: Claim, error: str) -> None:
    """The receiving server refused the message for good: it stays visible and is not tried again."""
    _finish(
        session, claim, state=OutboxState.failed.value, lease_until=None, last_error=error[:1000]
    )


def mark_dropped(session: Session, claim: Claim, reason: str) -> None:
    """What the message was to tell is no longer so: it is not sent, and says why."""
    _finish(session, claim, state=OutboxState.dropped.value, lease_until=None, last_error=reason)


def mark_delayed(session: Session, claim: Claim, error: str, at: datetime) -> None:
    """Try again after 30 seconds, then at doubled intervals up to an hour, for a day."""
    created = session.scalars(
        select(OutboxMessage.created_at).where(OutboxMessage.id == claim.id)
    ).one()
    wait = min(FIRST_WAIT * 2 ** min(claim.attempts - 1, 12), LONGEST_WAIT)
    if at + wait > created + PATIENCE:
        mark_refused(session, claim, f"given up after a day: {error}")
        return
    _finish(
        session,
        claim,
        state=OutboxState.queued.value,
        lease_until=None,
        next_attempt_at=at + wait,
        last_error=error[:1000],
    )


def release(session: Session, claims: Sequence[Claim], at: datetime) -> None:
    """Give back messages that were claimed and not tried."""
    for claim in claims:
        _finish(
            session,
            claim,
            state=OutboxState.queued.value,
            lease_until=None,
            next_attempt_at=at,
            attempts=claim.attempts - 1,
        )


def _finish(session: Session, claim: Claim, **values: object) -> None:
    """Only while the claim is ours: `attempts` tells whether another worker took over after the lease."""
    session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == claim.id,
            OutboxMessage.attempts == claim.attempts,
            OutboxMessage.state == OutboxState.sending.value,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
