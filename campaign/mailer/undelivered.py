"""Unfinished and undelivered emails: list them for staff and send them again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from campaign.core.errors import NotFound, ResendRefused
from campaign.mailer.circuit_breaker import try_now
from campaign.models import OutboxMessage, OutboxState

STUCK_AFTER = timedelta(hours=1)
"""A due message that waits longer than this is stuck."""


class UndeliveredState(StrEnum):
    """The states to filter by. `stuck` applies across the other states."""

    queued = "queued"
    sending = "sending"
    stuck = "stuck"
    failed = "failed"
    dropped = "dropped"
    sent = "sent"


class ResendBlock(StrEnum):
    """Why an email is not sent again."""

    waiting = "waiting"
    dropped = "dropped"
    sent = "sent"
    erased = "erased"
    expired = "expired"
    may_have_arrived = "may_have_arrived"


_WORDS: Mapping[ResendBlock, str] = {
    ResendBlock.waiting: "it is already queued or being sent",
    ResendBlock.erased: "its address has been erased",
    ResendBlock.expired: "it has expired",
    ResendBlock.sent: "it was sent, and a campaign email is never sent twice",
    ResendBlock.may_have_arrived: "it may have arrived; use --even-if-it-arrived to send it anyway",
}
"""Each reason as a command says it; of a dropped email it says why that was dropped."""

UNDELIVERED_STATES = (UndeliveredState.queued, UndeliveredState.sending, UndeliveredState.failed)


@dataclass(frozen=True)
class UndeliveredEmail:
    """One message in the list. `subject_key` says what it is about; with `begun_at`, a bulk one may have arrived."""

    id: int
    kind: str
    subject_key: str
    recipient: str
    state: str
    attempts: int
    next_attempt_at: datetime
    begun_at: datetime | None
    created_at: datetime
    last_error: str | None


_COLUMNS = tuple(getattr(OutboxMessage, field.name) for field in fields(UndeliveredEmail))


def stuck(at: datetime) -> ColumnElement[bool]:
    """Whether a message has been due for an hour, has been retried for an hour, or its worker's lease has ended."""
    limit = at - STUCK_AFTER
    since = func.coalesce(OutboxMessage.resent_at, OutboxMessage.created_at)
    waiting = and_(
        OutboxMessage.state == OutboxState.queued.value,
        or_(
            OutboxMessage.next_attempt_at <= limit,
            and_(OutboxMessage.attempts > 0, since <= limit),
        ),
    )
    abandoned = and_(
        OutboxMessage.state == OutboxState.sending.value, OutboxMessage.lease_until <= at
    )
    return or_(waiting, abandoned)


def list_messages(
    session: Session, at: datetime, states: Sequence[UndeliveredState], kind: str | None, limit: int
) -> Sequence[UndeliveredEmail]:
    """Return the oldest `limit` messages in any of `states`, of one kind or of all."""
    plain = [state.value for state in states if state is not UndeliveredState.stuck]
    wanted = OutboxMessage.state.in_(plain)
    found = or_(wanted, stuck(at)) if UndeliveredState.stuck in states else wanted
    query = select(*_COLUMNS).where(found).order_by(OutboxMessage.id).limit(limit)
    if kind is not None:
        query = query.where(OutboxMessage.kind == kind)
    return [UndeliveredEmail(*row) for row in session.execute(query)]


def stuck_by_kind(at: datetime) -> Select[*tuple[Any, ...]]:
    """Return the query for kind, number, and creation time of the oldest."""
    return (
        select(OutboxMessage.kind, func.count(), func.min(OutboxMessage.created_at))
        .where(stuck(at))
        .group_by(OutboxMessage.kind)
        .order_by(OutboxMessage.kind)
    )


def failed_ids(session: Session, kind: str | None) -> Sequence[int]:
    """Return the ids of failed messages, of one kind or of all, oldest first."""
    query = select(OutboxMessage.id).where(OutboxMessage.state == OutboxState.failed.value)
    if kind is not None:
        query = query.where(OutboxMessage.kind == kind)
    return session.scalars(query.order_by(OutboxMessage.id)).all()


def resend(
    session: Session, message_id: int, at: datetime, *, even_if_it_arrived: bool = False
) -> OutboxMessage:
    """Queue a message again, under the same Message-ID, with a new day of attempts.

    A campaign email that may have arrived is sent again only with `even_if_it_arrived`. One that did arrive, or that
    has expired, is never sent again. If the mail server refused everybody, it is asked again at once. Raise NotFound or
    ResendRefused; then the caller rolls back.
    """
    # First: whoever records what the mail server said locks the stop before a message.
    try_now(session, at)
    message = session.get(OutboxMessage, message_id, with_for_update=True, populate_existing=True)
    if message is None:
        raise NotFound(f"There is no message {message_id}; run `campaign mail list` to see them.")
    block = block_of(message, at)
    if block is ResendBlock.dropped:
        raise ResendRefused(f"it was dropped: {message.last_error}")
    if block and not (even_if_it_arrived and block is ResendBlock.may_have_arrived):
        raise ResendRefused(_WORDS[block])
    message.state = OutboxState.queued.value
    message.next_attempt_at = message.resent_at = at
    message.lease_until = message.begun_at = message.sent_at = None
    session.flush()
    return message


def block_of(message: OutboxMessage, at: datetime) -> ResendBlock | None:
    """Return why this email would not be sent again at `at`, or None if it would."""
    if message.state in (OutboxState.queued, OutboxState.sending):
        return ResendBlock.waiting
    if message.state == OutboxState.dropped:
        return ResendBlock.dropped
    if not message.recipient:
        return ResendBlock.erased
    if message.expires_at is not None and message.expires_at <= at:
        return ResendBlock.expired
    if message.bulk and message.state == OutboxState.sent:
        return ResendBlock.sent
    return ResendBlock.may_have_arrived if message.bulk and message.begun_at is not None else None
