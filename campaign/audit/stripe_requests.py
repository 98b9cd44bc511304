"""Requests to Stripe, saved with their idempotency key before they are sent.

For services: lock the donation, read the latest request, add the next one, record its result.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.core.log_masking import mask_addresses
from campaign.models import Donation, StripeRequest

KEY_LIFE = timedelta(hours=23)
"""Stripe drops idempotency keys after 24 hours; the hour less allows for clock skew."""


LINK_TOKEN = "{LINK_TOKEN}"  # noqa: S105 - it stands for one
"""Stands in saved parameters for the token of the donor's page, to which Stripe sends the donor back."""


def without_token(parameters: dict[str, Any], token: str) -> dict[str, Any]:
    """Return the parameters to save: the database holds no link that opens a donor's page."""
    return _replaced(parameters, token, LINK_TOKEN)


def with_token(parameters: dict[str, Any], token: str) -> dict[str, Any]:
    """Return the parameters to send: saved ones with the token in its place."""
    return _replaced(parameters, LINK_TOKEN, token)


def _replaced(parameters: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {
        name: value.replace(old, new) if isinstance(value, str) else value
        for name, value in parameters.items()
    }


def latest_request(session: Session, donation_id: int, operation: str) -> StripeRequest | None:
    """Return the latest request of this kind for a donation, or None; locks the donation so nobody else adds one."""
    session.execute(select(Donation.id).where(Donation.id == donation_id).with_for_update())
    return session.scalar(
        select(StripeRequest)
        .where(StripeRequest.donation_id == donation_id, StripeRequest.operation == operation)
        .order_by(StripeRequest.ordinal.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def is_repeatable(call: StripeRequest, at: datetime) -> bool:
    """Return whether repeating the request with its key is safe: it has, or would have had, the same effect."""
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
    """Add the next request of its kind. Its idempotency key is `key` and its ordinal."""
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
    """Record Stripe's first response; later responses to the same key are identical."""
    session.execute(
        update(StripeRequest)
        .where(StripeRequest.id == call.id, StripeRequest.answered_at.is_(None))
        .values(answered_at=at, result_id=result_id)
        .execution_options(synchronize_session=False)
    )


def record_failure(session: Session, call: StripeRequest, error: Exception) -> None:
    """Record the error; the key cannot be used again, so the next attempt needs a new one."""
    session.execute(
        update(StripeRequest)
        .where(StripeRequest.id == call.id, StripeRequest.answered_at.is_(None))
        .values(error=mask_addresses(str(error))[:1000])
        .execution_options(synchronize_session=False)
    )
