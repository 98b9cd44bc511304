"""Suppressed addresses, which get no campaign emails. Views, commands and the outbox add to them.

Receipts and other emails about a donor's gift are still sent.
"""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.models import Campaign, Suppression, SuppressionReason

CHUNK = 1000
"""Rows held in memory at once."""


def suppress(
    session: Session,
    email: str,
    reason: SuppressionReason,
    *,
    campaign_id: int | None = None,
    detail: str = "",
) -> bool:
    """Suppress `email` for one campaign or for all; return whether that is new. The first reason is kept."""
    added = session.execute(
        insert(Suppression)
        .values(email=email.lower(), campaign_id=campaign_id, reason=reason.value, detail=detail)
        .on_conflict_do_nothing()
        .returning(Suppression.id)
    )
    return added.one_or_none() is not None


def is_suppressed(session: Session, email: str, campaign_id: int | None = None) -> bool:
    """Return whether `email` is suppressed for all campaigns or, if one is given, for that campaign."""
    scope = or_(Suppression.campaign_id.is_(None), Suppression.campaign_id == campaign_id)
    found = select(exists().where(Suppression.email == email.lower(), scope))
    return bool(session.scalar(found))


def list_suppressions(session: Session) -> Iterator[dict[str, object]]:
    """Stream all suppressions, oldest first: email, campaign (a slug, or '' for all), reason, detail, created_at."""
    query = (
        select(
            Suppression.email,
            func.coalesce(Campaign.slug, "").label("campaign"),
            Suppression.reason,
            Suppression.detail,
            Suppression.created_at,
        )
        .outerjoin(Campaign, Campaign.id == Suppression.campaign_id)
        .order_by(Suppression.id)
        .execution_options(yield_per=CHUNK)
    )
    for row in session.execute(query).mappings():
        yield dict(row)


def remove_suppression(session: Session, email: str) -> int:
    """Remove all suppressions of `email`, whatever the campaign or reason; return how many there were."""
    gone = session.execute(
        delete(Suppression)
        .where(Suppression.email == email.strip().lower())
        .returning(Suppression.id)
    )
    return len(gone.all())


def count_refused(session: Session, since: datetime) -> int:
    """Return how many addresses mail servers' refusals have suppressed since then, inclusive."""
    return session.scalars(select(func.count()).where(_refused_since(since))).one()


def remove_refused(session: Session, since: datetime) -> int:
    """Remove the suppressions that mail servers' refusals made since then, inclusive; return how many there were."""
    gone = session.execute(
        delete(Suppression).where(_refused_since(since)).returning(Suppression.id)
    )
    return len(gone.all())


def _refused_since(since: datetime) -> ColumnElement[bool]:
    return and_(
        Suppression.reason == SuppressionReason.refused.value, Suppression.created_at >= since
    )
