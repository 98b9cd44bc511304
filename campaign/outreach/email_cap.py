"""How many appeal emails a reader gets: at most `EMAIL_CAP` in seven days, over all campaigns.

Appeals and the email about an extension are counted; only appeals are held back. An extension corrects what we told
the reader before. Reminders, thanks and results are not counted: the reader asked for them, or they end the campaign.

Counted when emails are queued, with those that wait, and again when each is sent, under a lock by address, so that
several workers and campaigns together keep to the cap.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, DateTime, Text, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from campaign.campaigns import schedule
from campaign.core.locks import AdvisoryLock, lock_until_commit
from campaign.core.settings import MailSettings
from campaign.mailer.kinds import EmailKind
from campaign.mailer.outbox import WAITING
from campaign.models import OutboxMessage, StepBasis

PERIOD = timedelta(days=7)
DEFAULT_CAP = MailSettings.email_cap

COUNTED = (EmailKind.appeal.value, EmailKind.extension.value)

# The begun emails of one reader, newest first: if there are as many as the cap, room comes when the last of these is
# older than the period. Built once: it runs for every appeal.
_CAPPED = (
    select(OutboxMessage.begun_at)
    .where(
        func.lower(OutboxMessage.recipient) == func.lower(bindparam("recipient", type_=Text())),
        OutboxMessage.kind.in_(COUNTED),
        OutboxMessage.begun_at > bindparam("since", type_=DateTime(timezone=True)),
    )
    .order_by(OutboxMessage.begun_at.desc())
    .offset(bindparam("others"))
    .limit(1)
)


def is_counted(kind: str) -> bool:
    """Whether emails of this kind count toward the cap."""
    return kind in COUNTED


def lock_reader(session: Session, recipient: str) -> None:
    """Until the commit, let no other transaction count or begin appeal emails to this address."""
    lock_until_commit(session, AdvisoryLock.APPEALED, recipient.lower())


def room_from(session: Session, recipient: str, at: datetime, cap: int) -> datetime | None:
    """Return when another appeal may be sent to this address, or None if it may be sent at `at`.

    Call `lock_reader` first, in a statement of its own: this one must see what others have committed before it.
    """
    values = {"recipient": recipient, "since": at - PERIOD, "others": cap - 1}
    begun = session.scalar(_CAPPED, values)
    return begun + PERIOD if begun else None


@dataclass(frozen=True)
class Limit:
    """A reader with `count` or more appeal emails begun after `since`, or waiting, gets no other."""

    since: datetime
    count: int


def has_no_room(
    address: ColumnElement[str], at: datetime, limits: Iterable[Limit]
) -> ColumnElement[bool]:
    """Whether the reader with this address, in lower case, has reached one of the limits."""
    return or_(*(_has_reached(address, at, limit) for limit in limits))


def _has_reached(address: ColumnElement[str], at: datetime, limit: Limit) -> ColumnElement[bool]:
    waits = and_(
        OutboxMessage.begun_at.is_(None),
        OutboxMessage.state.in_(WAITING),
        or_(OutboxMessage.expires_at.is_(None), OutboxMessage.expires_at > at),
    )
    emailed = (
        select(func.lower(OutboxMessage.recipient).label("address"))
        .where(
            OutboxMessage.kind.in_(COUNTED),
            OutboxMessage.recipient != "",
            or_(OutboxMessage.begun_at > limit.since, waits),
        )
        .group_by(func.lower(OutboxMessage.recipient))
        .having(func.count() >= limit.count)
        .subquery()
    )
    return exists().where(emailed.c.address == address).correlate_except(emailed)


def limits_for(
    window: schedule.Window, every: Iterable[schedule.Window], at: datetime, cap: int
) -> list[Limit]:
    """Return the limits for queueing this step at `at`.

    A step in days leaves room for the first email of the last day, which matters more to readers and to the campaign.
    A reader who had nothing in the period gets every step.
    """
    limits = [Limit(at - PERIOD, cap)]
    if window.step.basis != StepBasis.days_before:
        return limits
    last = (one for one in every if one.step.basis == StepBasis.hours_before)
    last_day = next((one for one in last if at < one.due < one.closes), None)
    if last_day is not None:
        since = last_day.due - PERIOD
        others = cap - (2 if at > since else 1)
        limits.append(Limit(since, max(1, others + 1)))
    return limits
