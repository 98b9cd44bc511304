"""Addresses that get no more appeals. Views, commands and the outbox add to them; the countdown leaves them out.

Receipts and letters about a donor's own gift are not appeals and still go out.
"""

from collections.abc import Iterator

from sqlalchemy import delete, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.models import Campaign, Suppression, SuppressionReason

CHUNK = 1000
"""Rows held at once, however many there are."""


def suppress(
    session: Session,
    email: str,
    reason: SuppressionReason,
    *,
    campaign_id: int | None = None,
    detail: str = "",
) -> bool:
    """No more appeals to `email`: of that campaign, or at all. Whether that is new; the first reason stays."""
    added = session.execute(
        insert(Suppression)
        .values(email=email.lower(), campaign_id=campaign_id, reason=reason.value, detail=detail)
        .on_conflict_do_nothing()
        .returning(Suppression.id)
    )
    return added.one_or_none() is not None


def is_suppressed(session: Session, email: str, campaign_id: int | None = None) -> bool:
    """Whether `email` gets no appeals at all or, where one is named, none of that campaign."""
    scope = or_(Suppression.campaign_id.is_(None), Suppression.campaign_id == campaign_id)
    found = select(exists().where(Suppression.email == email.lower(), scope))
    return bool(session.scalar(found))


def list_suppressions(session: Session) -> Iterator[dict[str, object]]:
    """email, campaign (a slug, or '' for all), reason, detail, created_at: each, in the order of arrival, streamed."""
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
    """Appeals to `email` are allowed again, of every campaign and whatever the reason was; how many entries went."""
    gone = session.execute(
        delete(Suppression)
        .where(Suppression.email == email.strip().lower())
        .returning(Suppression.id)
    )
    return len(gone.all())
