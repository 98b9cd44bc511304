"""Mark items of the review queue as reviewed. They stay in the queue and show who reviewed them."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core.errors import NotFound
from campaign.models import Acknowledgment

KINDS = ("dispute", "warning", "refund", "event", "message", "late_entry", "unmatched", "erasure")


def read_acknowledgments(session: Session) -> Mapping[tuple[str, str], Acknowledgment]:
    """Return every mark by (kind, key)."""
    return {(one.kind, one.key): one for one in session.scalars(select(Acknowledgment))}


def acknowledge(session: Session, kind: str, key: str, actor: Actor, at: datetime) -> None:
    """Record that `actor` reviewed the item. Repeating it changes nothing. Raises NotFound for an unknown kind."""
    _check(kind, key)
    made = session.execute(
        insert(Acknowledgment)
        .values(kind=kind, key=key, acknowledged_by=actor.name, acknowledged_at=at)
        .on_conflict_do_nothing()
        .returning(Acknowledgment.id)
    ).one_or_none()
    if made is not None:
        record(session, actor, "review.acknowledged", Subject(kind, key))


def withdraw_acknowledgment(session: Session, kind: str, key: str, actor: Actor) -> None:
    """Remove the mark, if there is one. Raises NotFound for an unknown kind."""
    _check(kind, key)
    gone = session.execute(
        delete(Acknowledgment)
        .where(Acknowledgment.kind == kind, Acknowledgment.key == key)
        .returning(Acknowledgment.acknowledged_by)
    ).one_or_none()
    if gone is not None:
        record(
            session,
            actor,
            "review.acknowledgment_withdrawn",
            Subject(kind, key),
            before={"by": gone.acknowledged_by},
        )


def _check(kind: str, key: str) -> None:
    if kind not in KINDS or not key or len(key) > 200:
        raise NotFound("There is no such item to review.")
