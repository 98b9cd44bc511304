"""The circuit breaker: when the mail server refuses everybody, stop, suppress nobody, and try one message at times.

A refusal of several readers in a row with the same words is the server's fault, whatever it says: a relay that lost its
configuration says "no such user" to all. Campaign emails and single emails (lanes) are judged apart: a server that
refuses an appeal as spam may accept a receipt.

The connections of a lane may lead to different machines behind one name. If one of them refuses everybody, its readers
are in a row although others are accepted meanwhile, so a row is counted for each connection and for the lane.

The state is in the database, so that it is one for all workers and outlives them. `MailRefusal` holds the refusals
that are in a row, and `MailOutage` the times in which a lane is stopped. Whoever judges a refusal first takes a lock on
its lane, before any message is locked. Callers commit.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Text, and_, cast, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.core.backoff import Backoff
from campaign.core.locks import AdvisoryLock, lock_until_commit
from campaign.core.refused_replies import RefusedReply
from campaign.mailer.outbox import CLAIMED, EmailClaim
from campaign.mailer.refusal_meaning import RefusalAbout, RefusalCause
from campaign.models import (
    MailLane,
    MailOutage,
    MailRefusal,
    OutboxMessage,
    OutboxState,
    Suppression,
)

READERS_IN_A_ROW = 3
"""So many different readers refused alike, with nobody accepted in between, are the server's fault. Our server accepts
mail for the world and rarely knows which addresses exist. Two dead addresses of one household or office follow each
other on a list; a third one is far less likely than a broken server, and a needless stop costs half a minute."""
ROW_LASTS = timedelta(days=1)
"""Refusals longer ago count no more: by then an email that is tried again is given up."""
PROBES = Backoff(timedelta(seconds=30), timedelta(minutes=5))
"""When one message is tried while a lane is stopped. A message each five minutes burdens no server, and sending resumes
soon after it was repaired."""

_OF_THE_SERVER = {
    RefusalCause.relay,
    RefusalCause.authentication,
    RefusalCause.domain_authentication,
    RefusalCause.sender,
    RefusalCause.blocklist,
    RefusalCause.rate,
    RefusalCause.daily_limit,
    RefusalCause.tls,
}
"""Causes that are the same whatever the words are."""
_LANES = list(MailLane)
_LIMITS = {RefusalCause.rate, RefusalCause.daily_limit}
"""Temporary refusals for which going on makes it worse. Others, such as greylisting, are each message's own."""

_ADDRESS = re.compile(r"<?[^\s<>()\[\];,:\"']+@[^\s<>()\[\];,:\"']+>?")
_DOMAIN = re.compile(r"\b(?:[\w-]+\.)+[a-z]{2,}\b")
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_ID = re.compile(r"[\w.+/=-]*(?:\d|[a-z][A-Z])[\w.+/=-]*")

log = get_logger(__name__)


@dataclass(frozen=True)
class RefusalsInARow:
    """Whether the lane is stopped now, and the earlier refusals that turned out to be the server's fault."""

    stopped: bool
    taken_back: Sequence[tuple[EmailClaim, int | None]] = ()
    """Each message, and the suppression that its refusal made, if any."""


def lane_of(claim: EmailClaim) -> MailLane:
    return MailLane.bulk if claim.bulk else MailLane.single


def same_refusal(reply: RefusedReply, recipient: str = "") -> str:
    """Return a text that is the same for refusals that say the same, whatever addresses and ids they contain."""
    if reply.about == RefusalAbout.us and reply.cause in _OF_THE_SERVER:
        return reply.cause
    status = _STATUS.search(reply.words)
    words = _STATUS.sub(" ", reply.words[3:])
    for name in {recipient, recipient.partition("@")[0]} - {""}:
        words = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w.])", " ", words, flags=re.IGNORECASE)
    for pattern in (_ADDRESS, _ID):
        words = pattern.sub(" ", words)
    words = _DOMAIN.sub(" ", words.lower())
    known = [reply.words[:3], status[0] if status else "", *re.findall(r"[^\W\d_]+", words)]
    return " ".join(filter(None, known))[:200]


def without_addresses(words: str) -> str:
    """Return what a server said on one line, without addresses, so that it may stand beside other recipients."""
    return " ".join(_ADDRESS.sub("(address)", words).split())[:500]


@dataclass(frozen=True)
class LaneTurn:
    """Whether messages of a lane may be claimed now. If it is stopped, this is one try, reserved until the commit.

    With an `outage` the sender must stop at the first message that is not accepted.
    """

    allowed: bool
    outage: MailOutage | None = None

    def use(self, session: Session, at: datetime) -> None:
        """Record that messages were claimed. If their worker dies, another takes the next try."""
        if self.outage is not None:
            self.outage.probes += 1
            self.outage.probe_at = at + PROBES.wait(self.outage.probes + 1)
            session.flush()


def take_turn(session: Session, lane: MailLane, at: datetime) -> LaneTurn:
    """Return whether the lane sends, or its next try is due at `at`."""
    outage = session.scalars(
        select(MailOutage)
        .where(*_open(lane))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    return LaneTurn(outage is None or outage.probe_at <= at, outage)


def try_now(session: Session, at: datetime) -> None:
    """Make the next try of every stopped lane due at once, because staff want to send."""
    session.execute(
        update(MailOutage)
        .where(MailOutage.closed_at.is_(None))
        .values(probe_at=at)
        .execution_options(synchronize_session=False)
    )


def is_stopped(session: Session, lane: MailLane) -> bool:
    """Return whether the mail server refuses every message of the lane."""
    return bool(session.scalar(select(exists().where(*_open(lane)))))


def open_outages(session: Session) -> Sequence[MailOutage]:
    """Return the lanes that are stopped, oldest first."""
    query = select(MailOutage).where(MailOutage.closed_at.is_(None))
    return session.scalars(query.order_by(MailOutage.opened_at)).all()


def outages_since(session: Session, since: datetime) -> Sequence[MailOutage]:
    """Return the stops that began after `since` or still last, oldest first."""
    recent = or_(MailOutage.opened_at > since, MailOutage.closed_at.is_(None))
    return session.scalars(select(MailOutage).where(recent).order_by(MailOutage.opened_at)).all()


def record_acceptance(
    session: Session, lane: MailLane, at: datetime, connection: str = ""
) -> Sequence[EmailClaim]:
    """End the row of refusals, and the stop, because the server accepted a message of the lane.

    Return the failed messages that were refused on this connection: the refusals were right. Most calls find nothing
    and cost one query.
    """
    here = and_(MailRefusal.lane == lane, MailRefusal.connection == connection)
    in_a_row = exists().where(or_(here, _in_a_row(lane)))
    if not session.scalar(select(or_(in_a_row, exists().where(*_open(lane))))):
        return ()
    lock_until_commit(session, AdvisoryLock.MAIL_LANE, _LANES.index(lane))
    closed = session.execute(
        update(MailOutage)
        .where(*_open(lane))
        .values(closed_at=at)
        .returning(MailOutage.opened_at)
        .execution_options(synchronize_session=False)
    ).first()
    if closed is not None:
        log.warning("mail_server_accepts_again", lane=lane, stopped_at=closed.opened_at.isoformat())
    ended = _take(session, here)
    session.execute(
        update(MailRefusal)
        .where(_in_a_row(lane))
        .values(superseded=True)
        .execution_options(synchronize_session=False)
    )
    return [claim for claim, _ in ended]


def record_refusal(
    session: Session, claim: EmailClaim, reply: RefusedReply, at: datetime, connection: str = ""
) -> RefusalsInARow:
    """Record a refusal before its message is changed, and return what it means for the lane.

    Nobody may be suppressed because of it if the lane is stopped now.
    """
    lane = lane_of(claim)
    if not _counts(reply):
        return RefusalsInARow(is_stopped(session, lane))
    lock_until_commit(session, AdvisoryLock.MAIL_LANE, _LANES.index(lane))
    if is_stopped(session, lane):
        return RefusalsInARow(stopped=True)
    key = same_refusal(reply, claim.recipient)
    _add(session, claim, lane, key, at, connection)
    here = and_(MailRefusal.lane == lane, MailRefusal.connection == connection)
    readers = max(_readers(session, which, key) for which in (_in_a_row(lane), here))
    if not (reply.on_connecting or readers >= READERS_IN_A_ROW or _stopped_elsewhere(session, key)):
        return RefusalsInARow(stopped=False)
    _stop(session, lane, reply, key, 0 if reply.on_connecting else readers, at)
    row = _take(session, or_(_in_a_row(lane), here))
    taken_back = [one for one in row if one[0].id != claim.id]
    return RefusalsInARow(stopped=True, taken_back=taken_back)


def note_suppression(session: Session, claim: EmailClaim) -> None:
    """Remember the suppression that the refusal of this message made."""
    made = select(Suppression.id).where(
        Suppression.email == claim.recipient.lower(), Suppression.campaign_id.is_(None)
    )
    session.execute(
        update(MailRefusal)
        .where(MailRefusal.message_id == claim.id)
        .values(suppression_id=made.scalar_subquery())
        .execution_options(synchronize_session=False)
    )


def end_old_rows(session: Session, at: datetime) -> Sequence[EmailClaim]:
    """Forget the refusals that are too old for a row, and return their messages: the refusals were right."""
    return [claim for claim, _ in _take(session, MailRefusal.created_at < at - ROW_LASTS)]


def refused_messages(session: Session) -> Sequence[EmailClaim]:
    """Return the failed messages of all rows that still have an address."""
    failed = OutboxMessage.state == OutboxState.failed.value
    found = session.execute(
        select(*CLAIMED)
        .join(MailRefusal, MailRefusal.message_id == OutboxMessage.id)
        .where(failed, OutboxMessage.recipient != "")
    )
    return [EmailClaim(**row._asdict()) for row in found]


def _counts(reply: RefusedReply) -> bool:
    """Whether the same reply to several readers in a row shows that the server is at fault."""
    if reply.on_connecting:
        return reply.permanent
    return reply.permanent or reply.cause in _LIMITS


def _open(lane: MailLane) -> tuple[ColumnElement[bool], ...]:
    return MailOutage.lane == lane, MailOutage.closed_at.is_(None)


def _in_a_row(lane: MailLane) -> ColumnElement[bool]:
    """Whether a refusal is later than the last acceptance of the lane."""
    return and_(MailRefusal.lane == lane, MailRefusal.superseded.is_(False))


def _add(
    session: Session, claim: EmailClaim, lane: MailLane, key: str, at: datetime, connection: str
) -> None:
    values = {
        "lane": lane,
        "connection": connection,
        "superseded": False,
        "refusal_key": key,
        "attempts": claim.attempts,
        "suppression_id": None,
        "created_at": at,
    }
    session.execute(
        insert(MailRefusal)
        .values(message_id=claim.id, **values)
        .on_conflict_do_update(index_elements=["message_id"], set_=values)
    )


def _readers(session: Session, which: ColumnElement[bool], key: str) -> int:
    """Return how many different recipients got this refusal, among some of the refusals."""
    # The address of a reminder may have been erased meanwhile.
    reader = func.coalesce(
        func.nullif(func.lower(OutboxMessage.recipient), ""), cast(OutboxMessage.id, Text)
    )
    query = (
        select(func.count(func.distinct(reader)))
        .join(MailRefusal, MailRefusal.message_id == OutboxMessage.id)
        .where(which, MailRefusal.refusal_key == key)
    )
    return session.scalar(query) or 0


def _stopped_elsewhere(session: Session, key: str) -> bool:
    """Whether the other lane is stopped because of the same refusal."""
    same = exists().where(MailOutage.closed_at.is_(None), MailOutage.refusal_key == key)
    return bool(session.scalar(select(same)))


def _stop(
    session: Session, lane: MailLane, reply: RefusedReply, key: str, readers: int, at: datetime
) -> None:
    words = without_addresses(reply.words)
    session.add(
        MailOutage(
            lane=lane,
            cause=reply.cause,
            words=words,
            refusal_key=key,
            readers=readers,
            opened_at=at,
            probe_at=at + PROBES.wait(1),
            probes=0,
        )
    )
    session.flush()
    log.error("mail_server_refuses_everybody", lane=lane, cause=reply.cause, words=words)


def _take(session: Session, which: ColumnElement[bool]) -> Sequence[tuple[EmailClaim, int | None]]:
    """Delete refusals. Return those of their messages that failed, as they were claimed, with the suppressions
    that they made; the others are queued again.
    """
    gone = delete(MailRefusal).where(which)
    rows = session.execute(
        gone.returning(MailRefusal.message_id, MailRefusal.attempts, MailRefusal.suppression_id)
    ).all()
    if not rows:
        return ()
    refused = {row.message_id: row for row in rows}
    found = session.execute(
        select(*CLAIMED)
        .where(OutboxMessage.id.in_(refused), OutboxMessage.state == OutboxState.failed.value)
        .order_by(OutboxMessage.id)
    )
    claims = [EmailClaim(**row._asdict()) for row in found]
    return [
        (replace(claim, attempts=refused[claim.id].attempts), refused[claim.id].suppression_id)
        for claim in claims
    ]
