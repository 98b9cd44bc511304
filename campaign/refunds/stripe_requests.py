"""The Stripe requests of our own refunds: each key is saved before use, and a new key starts only when that is safe.

`refunds.refunds` creates the first request; `campaign.refunds.flow` creates the next one if Stripe does not have the
refund.
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
"""How long to wait after a key expires before starting a new one: a call under the old key may still be running."""

_BACKOFF = Backoff(timedelta(minutes=1), timedelta(hours=1))


def list_refund_requests(session: Session, refund: Refund) -> list[StripeRequest]:
    """Return the saved Stripe requests of one refund, in order."""
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
    """Add the next Stripe request of a refund. A donation's refunds share one sequence; the key also has the token."""
    donation_id = refund.donation_id or 0
    latest = latest_request(session, donation_id, OPERATION)
    key = f"refund-{refund.request_token}"
    return add_request(session, donation_id, OPERATION, key, parameters, after=latest, at=at)


def next_refund_request(session: Session, refund: Refund, at: datetime) -> StripeRequest | None:
    """Return the request to send for a refund that Stripe does not have; None if it must wait or is done.

    The same key is reused while it is valid. A new key starts only if Stripe stored a failure under the old one, with
    exponential backoff, or if the old one has expired and no call can still be using it.
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
