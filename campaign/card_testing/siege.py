"""Sieges: times in which attempts to give cost a proof of work or a wait. Staff or an attack begin them.

One is open at a time, by constraint; all processes see it at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.audit.audit_log import Actor, Subject, record
from campaign.card_testing.policy import LevelCounts
from campaign.core.errors import StaffRefused
from campaign.models import AttemptCount, CardDecline, SessionOpening, Siege, SiegeScope

CALM = timedelta(minutes=30)
"""A siege that began by itself ends after so long without an attack."""
BY_STAFF = timedelta(hours=24)
"""One that staff began ends after this time, once it is calm: nobody has to remember."""
QUIET_HELD = 30
QUIET_DECLINED = 5
"""Attempts that came no further and declined cards in CALM, up to which it is calm."""

log = get_logger(__name__)


@dataclass(frozen=True)
class CardTestingFigures:
    """What happened since a time; `expired`: sessions of people who test cards, expired at Stripe."""

    attempts: int
    held: int
    opened: int
    paid: int
    declined: int
    expired: int


def find_siege(session: Session) -> Siege | None:
    """Return the open siege, or None."""
    return session.scalar(select(Siege).where(Siege.ended_at.is_(None)))


def list_sieges(session: Session, most: int = 20) -> Sequence[Siege]:
    """Return the latest sieges, newest first."""
    return session.scalars(select(Siege).order_by(Siege.began_at.desc()).limit(most)).all()


def covers(session: Session, *, honest: bool) -> bool:
    """Return whether a siege is open that such attempts are part of."""
    scope = session.scalar(select(Siege.scope).where(Siege.ended_at.is_(None)))
    return scope == SiegeScope.everyone or (scope is not None and not honest)


def begin_siege(session: Session, reason: str, actor: Actor, at: datetime) -> Siege:
    """Begin a siege for everyone's attempts, or widen the open one. Raises StaffRefused if that is on already."""
    found = session.scalar(select(Siege).where(Siege.ended_at.is_(None)).with_for_update())
    if found is not None and found.scope == SiegeScope.everyone:
        raise StaffRefused("The protection is already on for everyone.")
    reason = " ".join(reason.split())[:300] or "switched on by staff"
    if found is None:
        values = {"scope": SiegeScope.everyone.value, "reason": reason}
        made = insert(Siege).values(**values, began_at=at, began_by=actor.name)
        session.execute(made.on_conflict_do_nothing())
        found = session.scalars(select(Siege).where(Siege.ended_at.is_(None))).one()
    else:
        found.scope, found.reason, found.began_by = SiegeScope.everyone, reason, actor.name
    record(session, actor, "siege.began", _SUBJECT, after={"scope": "everyone", "reason": reason})
    return found


def begin_automatically(
    session: Session, scope: SiegeScope, counts: LevelCounts, at: datetime
) -> None:
    """Begin a siege because of an attack. One that is open for scripts only is widened to everyone if need be."""
    reason = (
        f"{counts.unpaid} unpaid sessions and {counts.declined} declined cards in ten minutes,"
        f" {counts.paid} paid gifts in an hour"
    )
    values = {"scope": scope.value, "reason": reason, "began_at": at}
    made = insert(Siege).values(**values).on_conflict_do_nothing().returning(Siege.id)
    if session.scalar(made) is None:
        if scope is not SiegeScope.everyone:
            return
        wider = update(Siege).where(Siege.ended_at.is_(None), Siege.scope != scope.value)
        widened = wider.values(scope=scope.value, reason=reason).returning(Siege.id)
        if session.scalar(widened) is None:
            return
    after = {"scope": scope.value, "reason": reason}
    record(session, Actor.schedule(), "siege.began", _SUBJECT, after=after)
    log.warning("siege_began", scope=scope.value, reason=reason)


def end_siege(session: Session, actor: Actor, at: datetime) -> None:
    """End the open siege. Raises StaffRefused if there is none."""
    if not _end(session, actor, at, actor.name):
        raise StaffRefused("The protection is not switched on.")


def end_if_calm(session: Session, at: datetime) -> bool:
    """End a siege whose attack is over; return whether one was ended."""
    found = find_siege(session)
    if found is None or at - found.began_at < (BY_STAFF if found.began_by else CALM):
        return False
    figures = read_figures(session, at - CALM)
    # A donor in a siege is held once and then opens a session; a thief who gives up does not.
    stopped = figures.held - figures.opened
    if stopped > QUIET_HELD or figures.declined > QUIET_DECLINED:
        return False
    return _end(session, Actor.schedule(), at, "")


def _end(session: Session, actor: Actor, at: datetime, by: str) -> bool:
    ended = session.scalar(
        update(Siege)
        .where(Siege.ended_at.is_(None))
        .values(ended_at=func.greatest(at, Siege.began_at), ended_by=by)
        .returning(Siege.id)
    )
    if ended is None:
        return False
    record(session, actor, "siege.ended", _SUBJECT)
    return True


def read_figures(session: Session, since: datetime) -> CardTestingFigures:
    """Return what happened since `since`."""
    attempts = select(
        func.coalesce(func.sum(AttemptCount.attempts), 0),
        func.coalesce(func.sum(AttemptCount.held), 0),
    ).where(AttemptCount.minute >= since)
    opened = select(
        func.count(), func.count(SessionOpening.paid_at), func.count(SessionOpening.ended_at)
    ).where(SessionOpening.opened_at >= since)
    declined = select(func.count(CardDecline.card.distinct())).where(
        CardDecline.declined_at >= since
    )
    tried, held = session.execute(attempts).one()
    sessions, paid, expired = session.execute(opened).one()
    return CardTestingFigures(
        int(tried), int(held), sessions, paid, session.scalar(declined) or 0, expired
    )


_SUBJECT = Subject("siege", "card testing")
