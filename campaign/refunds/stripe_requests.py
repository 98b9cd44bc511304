"""The calls behind a refund of ours: each key is written down first, and a new one is begun only when that is safe.

`refunds.refunds` writes the first; `campaign.refunds.flow` asks for the next once a refund was looked up and not found.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.stripe_requests import KEY_LIFE, add_request, is_repeatable, latest_request
from campaign.core.backoff import Backoff
from campaign.models import Refund, RefundState, StripeRequest

OPERATION = "refund"

QUIET = timedelta(minutes=10)
"""Once a key is too old to be used again, another is begun only when nobody can still be at it under the old one."""

_BACKOFF = Backoff(timedelta(minutes=1), timedelta(hours=1))


def list_refund_requests(session: Session, refund: Refund) -> list[StripeRequest]:
    """The calls written down for one request, in order."""
    token = StripeRequest.parameters["metadata"]["refund_request"].astext
    return list(
        session.scalars(
            select(StripeRequest)
            .where(
                StripeRequest.donation_id == refund.donation_id,
                StripeRequest.operation == OPERATION,
                token == refund.request_token,
            )
            .order_by(StripeRequest.ordinal)
            .execution_options(populate_existing=True)
        )
    )


def add_refund_request(
    session: Session, refund: Refund, parameters: dict[str, Any], at: datetime
) -> StripeRequest:
    """The next call of a request. A donation's refunds share one row of numbers; the key names the request as well."""
    donation_id = refund.donation_id or 0
    latest = latest_request(session, donation_id, OPERATION)
    key = f"refund-{refund.request_token}"
    return add_request(session, donation_id, OPERATION, key, parameters, after=latest, at=at)


def next_refund_request(session: Session, refund: Refund, at: datetime) -> StripeRequest | None:
    """The call that a request needs once it was looked up and not found; None where it must wait, or is over.

    The same key is used again while it is good. Another is begun only where the answer under the old one is a failure
    that Stripe keeps, at doubled intervals; or where the old one is too old and nobody can still be using it.
    """
    latest_request(session, refund.donation_id or 0, OPERATION)
    state = session.scalar(select(Refund.state).where(Refund.id == refund.id))
    if state != RefundState.requested:
        return None
    made = list_refund_requests(session, refund)
    last = made[-1]
    if is_repeatable(last, at):
        return last
    pause = _BACKOFF.wait(len(made)) if last.error else KEY_LIFE + QUIET
    if at < last.created_at + pause:
        return None
    return add_refund_request(session, refund, last.parameters, at)
