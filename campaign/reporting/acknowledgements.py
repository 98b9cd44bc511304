"""That someone has looked at a thing which waits for a person: it stays in the queue, and says who looked."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core.errors import NotFound
from campaign.models import Acknowledgement

KINDS = ("dispute", "warning", "refund", "event", "message", "late_entry", "unmatched", "erasure")


def read_acknowledgements(session: Session) -> Mapping[tuple[str, str], Acknowledgement]:
    """Every mark by (kind, key)."""
    return {(one.kind, one.key): one for one in session.scalars(select(Acknowledgement))}


def acknowledge(session: Session, kind: str, key: str, actor: Actor, at: datetime) -> None:
    """Keep that `actor` looked at it; again changes nothing. Raises NotFound for a kind that does not exist."""
    _check(kind, key)
    made = session.execute(
        insert(Acknowledgement)
        .values(kind=kind, key=key, acknowledged_by=actor.name, acknowledged_at=at)
        .on_conflict_do_nothing()
        .returning(Acknowledgement.id)
    ).one_or_none()
    if made is not None:
        record(session, actor, "review.acknowledged", Subject(kind, key))


def withdraw_acknowledgement(session: Session, kind: str, key: str, actor: Actor) -> None:
    """Take the mark back; without one, nothing happens."""
    _check(kind, key)
    gone = session.execute(
        delete(Acknowledgement)
        .where(Acknowledgement.kind == kind, Acknowledgement.key == key)
        .returning(Acknowledgement.acknowledged_by)
    ).one_or_none()
    if gone is not None:
        record(
            session,
            actor,
            "review.acknowledgement_withdrawn",
            Subject(kind, key),
            before={"by": gone.acknowledged_by},
        )


def _check(kind: str, key: str) -> None:
    if kind not in KINDS or not key or len(key) > 200:
        raise NotFound("There is nothing of that kind to look at.")
