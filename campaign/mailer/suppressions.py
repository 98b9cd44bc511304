"""Suppressed addresses, which get no campaign emails. Views, commands and the outbox add to them.

Receipts and other emails about a donor's gift are still sent.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.core.mailboxes import lookup_form
from campaign.models import (
    Campaign,
    OutboxMessage,
    OutboxState,
    Suppression,
    SuppressionReason,
)

CHUNK = 1000
"""Rows held in memory at once."""
SUPPRESSED = "The address is on the suppression list."
"""Why a campaign email is dropped."""
NO_LONGER_SUPPRESSED = "The address was suppressed after a refusal, which was undone."
_REFUSED = Suppression.reason == SuppressionReason.refused.value


def suppress(
    session: Session,
    email: str,
    reason: SuppressionReason,
    *,
    campaign_id: int | None = None,
    detail: str = "",
) -> bool:
    """Suppress `email` for one campaign or for all; return whether that is new.

    The first reason is kept, except a refusal: it may be undone in bulk, and another reason must outlast that.
    """
    address = email.lower()
    added = session.execute(
        insert(Suppression)
        .values(email=address, campaign_id=campaign_id, reason=reason.value, detail=detail)
        .on_conflict_do_nothing()
        .returning(Suppression.id)
    )
    if added.one_or_none() is not None:
        return True
    if reason is SuppressionReason.refused:
        return False
    replaced = session.execute(
        update(Suppression)
        .where(
            Suppression.email == address,
            Suppression.campaign_id.is_not_distinct_from(campaign_id),
            Suppression.reason == SuppressionReason.refused.value,
        )
        .values(reason=reason.value, detail=detail)
        .returning(Suppression.id)
        .execution_options(synchronize_session=False)
    )
    return replaced.one_or_none() is not None


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
    return _remove(session, Suppression.email == lookup_form(email))


def take_back_refusal(session: Session, suppression_id: int) -> None:
    """Remove the suppression that a refusal made, because the mail server refuses everybody."""
    _remove(session, Suppression.id == suppression_id, _REFUSED)


def count_refused(session: Session, since: datetime) -> int:
    """Return how many addresses `remove_refused` would allow again."""
    return (
        session.scalar(select(func.count()).where(_REFUSED, Suppression.created_at >= since)) or 0
    )


def list_refused(session: Session, since: datetime, limit: int) -> Sequence[Suppression]:
    """Return the first `limit` suppressions that `remove_refused` would remove, newest first."""
    query = select(Suppression).where(_REFUSED, Suppression.created_at >= since)
    newest = query.order_by(Suppression.created_at.desc(), Suppression.id.desc())
    return session.scalars(newest.limit(limit)).all()


def remove_refused(session: Session, since: datetime) -> int:
    """Remove the suppressions that a mail server's refusals made since then; return how many.

    Campaign emails that were dropped because of them count as failed again, so that they can be resent. Those of people
    who unsubscribed, complained or bounced meanwhile stay suppressed.
    """
    return _remove(session, _REFUSED, Suppression.created_at >= since)


def _remove(session: Session, *which: ColumnElement[bool]) -> int:
    gone = session.execute(
        delete(Suppression)
        .where(*which)
        .returning(Suppression.email, Suppression.reason)
        .execution_options(synchronize_session=False)
    ).all()
    refused = SuppressionReason.refused.value
    addresses = sorted({row.email for row in gone if row.reason == refused})
    for start in range(0, len(addresses), CHUNK):
        _revive(session, addresses[start : start + CHUNK])
    return len(gone)


def _revive(session: Session, addresses: Sequence[str]) -> None:
    """Let emails be resent that were dropped only because their address was suppressed."""
    address = func.lower(OutboxMessage.recipient)
    still = or_(
        Suppression.campaign_id.is_(None), Suppression.campaign_id == OutboxMessage.campaign_id
    )
    session.execute(
        update(OutboxMessage)
        .where(
            address.in_(addresses),
            OutboxMessage.state == OutboxState.dropped.value,
            OutboxMessage.last_error == SUPPRESSED,
            or_(OutboxMessage.expires_at.is_(None), OutboxMessage.expires_at > clock.now()),
            ~exists().where(Suppression.email == address, still).correlate(OutboxMessage),
        )
        .values(state=OutboxState.failed.value, last_error=NO_LONGER_SUPPRESSED)
        .execution_options(synchronize_session=False)
    )
