"""Webhook deliveries: claim, build the body, record the result. `integrations.webhook_sender` sends them.

A delivery may arrive twice with the same id: a worker may die between the response and recording it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, func, select, update
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core.backoff import Backoff
from campaign.core.claims import LeasedRows
from campaign.core.errors import NotFound
from campaign.integrations.payloads import donation_payload, subscription_payload
from campaign.models import (
    DeliveryState,
    Donation,
    LedgerEntry,
    Subscription,
    WebhookDelivery,
    WebhookEndpoint,
)

PAGE = 50
LEASE = timedelta(minutes=2)
BACKOFF = Backoff(
    timedelta(seconds=10), timedelta(hours=6), jitter=0.25, patience=timedelta(days=3)
)
LONGEST_ERROR = 500

_DELIVERIES = cast("Table", WebhookDelivery.__table__)
_QUEUED = DeliveryState.queued.value
_QUEUE = LeasedRows(_DELIVERIES, queued=_QUEUED, claimed=DeliveryState.sending.value)


@dataclass(frozen=True)
class DeliveryClaim:
    """A delivery leased to this worker. `body` is the payload, JSON-compatible."""

    id: int
    attempts: int
    public_id: str
    url: str
    secret: str
    body: dict[str, Any]


def list_due_endpoints(session: Session, at: datetime) -> Sequence[int]:
    """Return the ids of endpoints with a due delivery; each is served separately, so a slow one delays no other."""
    query = (
        select(WebhookDelivery.endpoint_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(_QUEUE.due(at), WebhookEndpoint.disabled_at.is_(None))
        .distinct()
    )
    return session.scalars(query).all()


def claim_next(session: Session, endpoint_id: int, at: datetime) -> DeliveryClaim | None:
    """Claim the oldest due delivery of an endpoint; None if there is none. Its body is built once and stored."""
    endpoint = session.get(WebhookEndpoint, endpoint_id)
    if endpoint is None or endpoint.disabled_at is not None:
        return None
    c = _DELIVERIES.c
    claimed = _QUEUE.claim(session, [c.id], at, LEASE, 1, c.endpoint_id == endpoint_id)
    if not claimed:
        return None
    delivery = session.get_one(WebhookDelivery, claimed[0].id, populate_existing=True)
    if delivery.body is None:
        delivery.body = _body(session, delivery)
        session.flush()
    return DeliveryClaim(
        delivery.id,
        delivery.attempts,
        delivery.public_id,
        endpoint.url,
        endpoint.secret,
        delivery.body,
    )


def _body(session: Session, delivery: WebhookDelivery) -> dict[str, Any]:
    """Return `{"type", "timestamp", "data"}`; `data` has the API's objects, including names and addresses."""
    data: dict[str, Any] = {}
    if delivery.donation_id is not None:
        donation = session.get_one(Donation, delivery.donation_id)
        data["donation"] = donation_payload(donation, people=True)
    if delivery.ledger_entry_id is not None:
        entry = session.get_one(LedgerEntry, delivery.ledger_entry_id)
        data["amount"] = entry.amount
        data["currency"] = entry.currency
    if delivery.subscription_id is not None:
        subscription = session.get_one(Subscription, delivery.subscription_id)
        data["subscription"] = subscription_payload(subscription)
    if delivery.facts is not None:
        data["subscriber"] = delivery.facts
    return {
        "type": delivery.kind,
        "timestamp": delivery.occurred_at.isoformat(),
        "data": _written(data),
    }


def _written(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _written(one) for name, one in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value


def mark_delivered(session: Session, claim: DeliveryClaim, status: int, at: datetime) -> None:
    """Record that the endpoint accepted the delivery."""
    # Even if the lease has expired: the delivery did arrive, so another worker need not send it again.
    session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == claim.id,
            WebhookDelivery.state != DeliveryState.delivered.value,
        )
        .values(
            state=DeliveryState.delivered.value,
            delivered_at=at,
            last_status=status,
            last_error=None,
            lease_until=None,
        )
        .execution_options(synchronize_session=False)
    )


def mark_failed(
    session: Session, claim: DeliveryClaim, status: int | None, error: str, at: datetime
) -> DeliveryState:
    """Record a failed attempt; the delivery is retried with exponential backoff and jitter for three days.

    410 means that the endpoint is gone for good: disable it. If another worker has claimed the delivery after the
    lease expired, its result counts. Returns the new state.
    """
    delivery = session.get_one(WebhookDelivery, claim.id)
    gone = status == 410
    exhausted = BACKOFF.is_over(since=delivery.occurred_at, at=at) and claim.attempts > 1
    state = DeliveryState.failed if gone or exhausted else DeliveryState.queued
    again = at + BACKOFF.wait(claim.attempts)
    words = error[:LONGEST_ERROR]
    _QUEUE.finish(session, claim, state=state.value, last_status=status, last_error=words,
                  next_attempt_at=again)  # fmt: skip
    if gone:
        session.execute(
            update(WebhookEndpoint)
            .where(
                WebhookEndpoint.id == delivery.endpoint_id, WebhookEndpoint.disabled_at.is_(None)
            )
            .values(disabled_at=at)
            .execution_options(synchronize_session=False)
        )
    return state


def requeue_delivery(
    session: Session, delivery_id: int, actor: Actor, at: datetime
) -> WebhookDelivery:
    """Queue a delivered or failed delivery again; raises NotFound."""
    delivery = session.get(WebhookDelivery, delivery_id, with_for_update=True)
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    if delivery.state in (DeliveryState.failed.value, DeliveryState.delivered.value):
        delivery.state, delivery.delivered_at = _QUEUED, None
        delivery.next_attempt_at, delivery.occurred_at = at, at
        subject = Subject("webhook_delivery", delivery.public_id)
        record(session, actor, "webhook_delivery.retried", subject)
    session.flush()
    return delivery


def list_deliveries(
    session: Session, endpoint_id: int, before: int | None = None
) -> Sequence[WebhookDelivery]:
    """Return up to PAGE deliveries of an endpoint, newest first, with ids below `before`."""
    query = (
        select(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint_id)
        .order_by(WebhookDelivery.id.desc())
        .limit(PAGE)
    )
    if before is not None:
        query = query.where(WebhookDelivery.id < before)
    return session.scalars(query).all()


def count_deliveries(session: Session) -> dict[str, int]:
    """Return the number of deliveries in each state."""
    query = select(WebhookDelivery.state, func.count()).group_by(WebhookDelivery.state)
    return {state: int(number) for state, number in session.execute(query)}
