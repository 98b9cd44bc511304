"""Send all failed emails again, after a look at how many would be queued and why the others would not.

`mailer.undelivered` sends a single one again, by the same rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, true, update
from sqlalchemy.orm import Session

from campaign.mailer.circuit_breaker import try_now
from campaign.mailer.undelivered import ResendBlock
from campaign.models import OutboxMessage, OutboxState, Suppression

BLOCK_TEXTS: Mapping[ResendBlock, str] = {
    ResendBlock.waiting: "It is queued or being sent already.",
    ResendBlock.dropped: "It was dropped because it was no longer needed or allowed.",
    ResendBlock.sent: "It was sent, and a campaign email is never sent twice.",
    ResendBlock.erased: "The recipient’s address has been erased.",
    ResendBlock.expired: "Its time is over.",
    ResendBlock.may_have_arrived: "It may have arrived: the connection was lost after the mail server had it.",
}
"""Each reason as a sentence for staff."""


@dataclass(frozen=True)
class ResendPlan:
    """What sending all failed emails again would do: how many would be queued, and how many not, by reason.

    `suppressed` of the queued ones are campaign emails to addresses that get none now: they would be dropped.
    """

    ready: int
    blocked: Mapping[ResendBlock, int]
    suppressed: int

    @property
    def total(self) -> int:
        return self.ready + sum(self.blocked.values())


def plan_resend(
    session: Session, at: datetime, kind: str | None, *, even_if_it_arrived: bool = False
) -> ResendPlan:
    """Count what `resend_failed` would do. Writes nothing."""
    block = case(
        (OutboxMessage.recipient == "", ResendBlock.erased.value),
        (OutboxMessage.expires_at <= at, ResendBlock.expired.value),
        (_ready(at, even_if_it_arrived=even_if_it_arrived), ""),
        else_=ResendBlock.may_have_arrived.value,
    )
    # For all campaigns or for its own one, as it is checked before sending.
    suppressed = and_(
        OutboxMessage.bulk,
        exists().where(
            Suppression.email == func.lower(OutboxMessage.recipient),
            or_(
                Suppression.campaign_id.is_(None),
                Suppression.campaign_id == OutboxMessage.campaign_id,
            ),
        ),
    )
    rows = session.execute(
        select(block, func.count(), func.count().filter(suppressed))
        .where(_failed(kind))
        .group_by(block)
    )
    found = {name: (number, barred) for name, number, barred in rows}
    ready, barred = found.pop("", (0, 0))
    blocked = {ResendBlock(name): number for name, (number, _) in sorted(found.items())}
    return ResendPlan(ready, blocked, barred)


def resend_failed(
    session: Session, at: datetime, kind: str | None, *, even_if_it_arrived: bool = False
) -> int:
    """Queue all failed emails again that may be, with the same Message-ID; return how many.

    If the mail server refused everybody, it is asked again at once.
    """
    try_now(session, at)
    again = session.execute(
        update(OutboxMessage)
        .where(_failed(kind), _ready(at, even_if_it_arrived=even_if_it_arrived))
        .values(
            state=OutboxState.queued.value,
            next_attempt_at=at,
            resent_at=at,
            lease_until=None,
            begun_at=None,
        )
        .returning(OutboxMessage.id)
        .execution_options(synchronize_session=False)
    )
    return len(again.all())


def _failed(kind: str | None) -> ColumnElement[bool]:
    failed = OutboxMessage.state == OutboxState.failed.value
    return and_(failed, OutboxMessage.kind == kind) if kind else failed


def _ready(at: datetime, *, even_if_it_arrived: bool) -> ColumnElement[bool]:
    once = or_(~OutboxMessage.bulk, OutboxMessage.begun_at.is_(None))
    return and_(
        OutboxMessage.recipient != "",
        or_(OutboxMessage.expires_at.is_(None), OutboxMessage.expires_at > at),
        true() if even_if_it_arrived else once,
    )
