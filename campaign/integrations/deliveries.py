"""What is sent to endpoints: claimed, worded, marked. The row is the truth; `integrations.webhook_sender` sends it.

A delivery may arrive twice, under the same id: whoever sends may die between the answer and the mark.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core.errors import NotFound
from campaign.integrations.payloads import donation_told, subscription_told
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
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=6)
GIVEN_UP_AFTER = timedelta(days=3)
LONGEST_ERROR = 500

_QUEUED, _SENDING = DeliveryState.queued.value, DeliveryState.sending.value


@dataclass(frozen=True)
class Claim:
    """A delivery that is this worker's for a while. `body` is what is told, as JSON can."""

    id: int
    public_id: str
    url: str
    secret: str
    body: dict[str, Any]


def endpoints_with_work(session: Session, at: datetime) -> Sequence[int]:
    """The endpoints for which something is due, so that each can be served apart from a slow one."""
    query = (
        select(WebhookDelivery.endpoint_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(_due(at), WebhookEndpoint.disabled_at.is_(None))
        .distinct()
    )
    return session.scalars(query).all()


def claim_next(session: Session, endpoint_id: int, at: datetime) -> Claim | None:
    """Claim the oldest due delivery of an endpoint; None where there is none. Its body is made once and kept."""
    delivery = session.scalars(
        select(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint_id, _due(at))
        .order_by(WebhookDelivery.next_attempt_at, WebhookDelivery.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if delivery is None or delivery.endpoint.disabled_at is not None:
        return None
    delivery.state = _SENDING
    delivery.attempts += 1
    delivery.lease_until = at + LEASE
    if delivery.body is None:
        delivery.body = _body(session, delivery)
    session.flush()
    endpoint = delivery.endpoint
    return Claim(delivery.id, delivery.public_id, endpoint.url, endpoint.secret, delivery.body)


def _due(at: datetime) -> Any:
    return or_(
        and_(WebhookDelivery.state == _QUEUED, WebhookDelivery.next_attempt_at <= at),
        and_(WebhookDelivery.state == _SENDING, WebhookDelivery.lease_until <= at),
    )


def _body(session: Session, delivery: WebhookDelivery) -> dict[str, Any]:
    """`{"type", "timestamp", "data"}`; data has the API's objects, people's names and addresses among them."""
    data: dict[str, Any] = {}
    if delivery.donation_id is not None:
        donation = session.get_one(Donation, delivery.donation_id)
        data["donation"] = donation_told(donation, people=True)
    if delivery.ledger_entry_id is not None:
        entry = session.get_one(LedgerEntry, delivery.ledger_entry_id)
        data["amount"] = entry.amount
        data["currency"] = entry.currency
    if delivery.subscription_id is not None:
        subscription = session.get_one(Subscription, delivery.subscription_id)
        data["subscription"] = subscription_told(subscription)
    return {
        "type": delivery.kind,
        "timestamp": delivery.occurred_at.isoformat(),
        "data": _written(data),
    }


def _written(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _written(one) for name, one in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value


def mark_delivered(session: Session, claim: Claim, status: int, at: datetime) -> None:
    """It was taken."""
    _mark(session, claim, state=DeliveryState.delivered.value, delivered_at=at, last_status=status,
          last_error=None)  # fmt: skip


def mark_failed(
    session: Session, claim: Claim, status: int | None, error: str, at: datetime
) -> DeliveryState:
    """It was not taken: it is tried again, with doubled waits and some chance in them, for three days.

    410 says that the endpoint is gone for good: it is told no more.
    """
    delivery = session.get_one(WebhookDelivery, claim.id)
    gone = status == 410
    over = gone or (at - delivery.occurred_at > GIVEN_UP_AFTER and delivery.attempts > 1)
    state = DeliveryState.failed if over else DeliveryState.queued
    _mark(session, claim, state=state.value, last_status=status, last_error=error[:LONGEST_ERROR],
          next_attempt_at=at + wait_after(delivery.attempts))  # fmt: skip
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


def _mark(session: Session, claim: Claim, **values: Any) -> None:
    """Unless another worker, after the lease was over, has marked it delivered meanwhile."""
    session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == claim.id,
            WebhookDelivery.state != DeliveryState.delivered.value,
        )
        .values(lease_until=None, **values)
        .execution_options(synchronize_session=False)
    )


def wait_after(attempts: int) -> timedelta:
    """Ten seconds after the first try, doubled up to six hours, and up to a quarter more."""
    wait: timedelta = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 20))
    return wait * (1 + random.random() / 4)  # noqa: S311 - it parts those who fail together, no secret


def send_again(session: Session, delivery_id: int, actor: Actor, at: datetime) -> WebhookDelivery:
    """Put a delivery back into the queue, whatever became of it; raises NotFound."""
    delivery = session.get(WebhookDelivery, delivery_id, with_for_update=True)
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    if delivery.state in (DeliveryState.failed.value, DeliveryState.delivered.value):
        delivery.state, delivery.delivered_at = _QUEUED, None
        delivery.next_attempt_at, delivery.occurred_at = at, at
        subject = Subject("webhook_delivery", delivery.public_id)
        record(session, actor, "webhook_delivery.repeated", subject)
    session.flush()
    return delivery


def deliveries_of(
    session: Session, endpoint_id: int, before: int | None = None
) -> Sequence[WebhookDelivery]:
    """A page of an endpoint's log, the newest first."""
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
    """How many are in each state."""
    query = select(WebhookDelivery.state, func.count()).group_by(WebhookDelivery.state)
    return {state: int(number) for state, number in session.execute(query)}
