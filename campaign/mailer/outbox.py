"""The outbox: queue a message with the fact it tells of, claim it, keep what happened to it.

A claim is a lease. A worker that dies after handing over a letter leaves it to another, which sends it again under the
same Message-ID: a receipt may arrive twice as one mail, never not at all. Bulk mail is claimed by `emails.bulk_claims`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    DateTime,
    Table,
    Text,
    Update,
    bindparam,
    exists,
    func,
    literal,
    select,
    update,
)
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

TWICE = timedelta(seconds=30)
"""The same form sent again within this is the same wish."""

RECEIPT = "receipt"
REMINDER = "reminder"

WAITING = (OutboxState.queued.value, OutboxState.sending.value)
"""The states of what is not over."""


def is_wished_again(
    session: Session,
    kind: str,
    recipient: str,
    details: dict[str, str],
    at: datetime,
    *,
    donor_id: int | None = None,
) -> bool:
    """Whether the same letter was queued within TWICE. The caller holds a lock on whose it is, or two may both ask."""
    just_now = exists().where(
        OutboxMessage.kind == kind,
        func.lower(OutboxMessage.recipient) == recipient.lower(),
        OutboxMessage.donor_id.is_not_distinct_from(donor_id),
        OutboxMessage.details == details,
        OutboxMessage.created_at > at - TWICE,
    )
    return bool(session.scalar(select(just_now)))


@dataclass(frozen=True)
class Claim:
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

CLAIMED = tuple(getattr(OutboxMessage, field.name) for field in fields(Claim))
"""The columns of a claim, in its order."""

OURS = update(MESSAGES).where(
    MESSAGES.c.id == bindparam("claimed_id"),
    MESSAGES.c.attempts == bindparam("claimed_attempts"),
    MESSAGES.c.state == OutboxState.sending.value,
)
"""The claimed message, while the claim holds: `attempts` tells whether another worker took over after the lease.

What is run for every letter is put together once, on the table itself: the model's costs several times as much.
"""
MOMENT = bindparam("moment", type_=DateTime(timezone=True))
_SENT = OURS.values(state=OutboxState.sent.value, sent_at=MOMENT, lease_until=None, last_error=None)


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


def new_message_id(kind: str, mail_domain: str) -> ColumnElement[str]:
    """The Message-ID of a letter that is queued by a statement; it follows from nothing that tells of the reader."""
    name = kind.replace("_", "-")
    return func.concat(
        literal(f"<{name}-"), func.gen_random_uuid(), literal(f"@{mail_domain}>"), type_=Text()
    )


def due(at: datetime, *, bulk: bool) -> ColumnElement[bool]:
    """Waiting and due at `at`, or claimed by a worker whose lease has ended by then."""
    return (
        OutboxMessage.state.in_(WAITING)
        & OutboxMessage.bulk.is_(bulk)
        & (OutboxMessage.next_attempt_at <= at)
    )


def leased(at: datetime) -> dict[str, Any]:
    """What a claim at `at` changes in a row."""
    return {
        "state": OutboxState.sending.value,
        "lease_until": at + LEASE,
        "next_attempt_at": at + LEASE,
        "attempts": OutboxMessage.attempts + 1,
    }


def claim_messages(session: Session, at: datetime, limit: int) -> Sequence[Claim]:
    """Up to `limit` messages that are due and not bulk, claimed until `at` + LEASE.

    Two workers never get the same one.
    """
    chosen = (
        select(OutboxMessage.id)
        .where(due(at, bulk=False))
        .order_by(OutboxMessage.next_attempt_at, OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    claimed = session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(select(chosen.c.id)))
        .values(**leased(at))
        .returning(*CLAIMED)
        .execution_options(synchronize_session=False)
    )
    return [Claim(**row._asdict()) for row in claimed]


def mark_sent(session: Session, claim: Claim, at: datetime) -> bool:
    """The receiving server took the message. This and what follows: False where the claim is no longer ours."""
    return change(session, _SENT, claim, moment=at)


def mark_refused(session: Session, claim: Claim, error: str) -> bool:
    """The receiving server refused the message for good: it stays visible and is not tried again."""
    return finish(
        session, claim, state=OutboxState.failed.value, begun_at=None, last_error=error[:1000]
    )


def mark_dropped(session: Session, claim: Claim, reason: str) -> bool:
    """What the message was to tell is no longer so: it is not sent, and says why."""
    return finish(
        session, claim, state=OutboxState.dropped.value, begun_at=None, last_error=reason[:1000]
    )


def mark_delayed(session: Session, claim: Claim, error: str, at: datetime) -> bool:
    """Try again after 30 seconds, then at doubled intervals up to an hour, for a day, and never past its expiry.

    True when that was the last time: it is given up (failed), or too late (dropped).
    """
    since = session.scalars(
        select(func.coalesce(OutboxMessage.resent_at, OutboxMessage.created_at)).where(
            OutboxMessage.id == claim.id
        )
    ).one()
    again = at + min(FIRST_WAIT * 2 ** min(claim.attempts - 1, 12), LONGEST_WAIT)
    if claim.expires_at is not None and again >= claim.expires_at:
        return mark_dropped(session, claim, f"too late to be tried again: {error}")
    if again > since + PATIENCE:
        return mark_refused(session, claim, f"given up after a day: {error}")
    put_back(session, claim, again, last_error=error[:1000])
    return False


def put_back(session: Session, claim: Claim, at: datetime, **values: object) -> bool:
    """Back into the queue until `at`."""
    return finish(
        session,
        claim,
        state=OutboxState.queued.value,
        begun_at=None,
        next_attempt_at=at,
        **values,
    )


def release(session: Session, claims: Sequence[Claim], at: datetime) -> None:
    """Give back messages that were claimed and not tried."""
    for claim in claims:
        put_back(session, claim, at, attempts=claim.attempts - 1)


def finish(session: Session, claim: Claim, **values: object) -> bool:
    """End the claim with `values`, if it is still ours; whether it was."""
    return change(session, OURS.values(lease_until=None, **values), claim)


def change(session: Session, statement: Update, claim: Claim, **parameters: object) -> bool:
    """Run a statement made from `OURS`; whether the claim was still ours."""
    named = {"claimed_id": claim.id, "claimed_attempts": claim.attempts, **parameters}
    return cast("CursorResult[Any]", session.execute(statement, named)).rowcount == 1
