"""Calls to Stripe that are written down with their idempotency key before they are made.

For services that plan calls: lock the donation they belong to, look at the latest, add the next, keep what came of it.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.models import Donation, StripeRequest

KEY_LIFE = timedelta(hours=23)
"""Stripe forgets idempotency keys after 24 hours; an hour is kept for clocks that disagree."""


def latest_request(session: Session, donation_id: int, operation: str) -> StripeRequest | None:
    """The last call of this kind for a donation, which stays locked: nobody else plans one meanwhile."""
    session.execute(select(Donation.id).where(Donation.id == donation_id).with_for_update())
    return session.scalar(
        select(StripeRequest)
        .where(StripeRequest.donation_id == donation_id, StripeRequest.operation == operation)
        .order_by(StripeRequest.ordinal.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def is_repeatable(call: StripeRequest, at: datetime) -> bool:
    """Whether repeating the call under its key does what it did, or would have done, the first time."""
    return call.error is None and call.created_at > at - KEY_LIFE


def add_request(
    session: Session,
    donation_id: int,
    operation: str,
    key: str,
    parameters: dict[str, Any],
    *,
    after: StripeRequest | None,
    at: datetime,
) -> StripeRequest:
    """The next call of its kind; `key` and its number among them make its idempotency key."""
    ordinal = after.ordinal + 1 if after is not None else 1
    call = StripeRequest(
        donation_id=donation_id,
        operation=operation,
        ordinal=ordinal,
        idempotency_key=f"{key}-{ordinal}",
        parameters=parameters,
        created_at=at,
    )
    session.add(call)
    session.flush()
    return call


def record_response(session: Session, call: StripeRequest, result_id: str, at: datetime) -> None:
    """Keep what Stripe answered first; a second answer is the same."""
    session.execute(
        update(StripeRequest)
        .where(StripeRequest.id == call.id, StripeRequest.answered_at.is_(None))
        .values(answered_at=at, result_id=result_id)
        .execution_options(synchronize_session=False)
    )


def record_failure(session: Session, call: StripeRequest, error: Exception) -> None:
    """Note that this key is of no use any more; the next attempt takes another."""
    session.execute(
        update(StripeRequest)
        .where(StripeRequest.id == call.id, StripeRequest.answered_at.is_(None))
        .values(error=str(error)[:1000])
        .execution_options(synchronize_session=False)
    )
