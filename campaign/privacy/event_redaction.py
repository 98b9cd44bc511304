"""Stripe's events as they were stored hold what donors typed at Stripe: found for a person, and taken out.

The table has no index for it, so it is walked in pieces, each a transaction of its own for the caller.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import false, func, literal, or_, select, update
from sqlalchemy.orm import Session

from campaign.models import InboxEvent

BATCH_SIZE = 2000
"""Events looked at in one transaction."""

_PERSONAL = frozenset(
    {
        "billing_details",
        "customer_address",
        "customer_details",
        "customer_email",
        "customer_name",
        "customer_phone",
        "customer_shipping",
        "custom_fields",
        "collected_information",
        "description",
        "email",
        "evidence",
        "name",
        "note",
        "payment_method_details",
        "phone",
        "receipt_email",
        "receipt_url",
        "shipping",
        "shipping_details",
    }
)
"""Members of Stripe's objects in which a person stands; no handler reads any of them."""


@dataclass(frozen=True)
class EventBatch:
    """The events of one piece that speak of the person, and where the next begins; None after the last."""

    ids: Sequence[str]
    next_after: str | None


def find_events(session: Session, words: Sequence[str], after: str) -> EventBatch:
    """Those of the next PIECE events after `after` whose body holds one of `words`, without regard to case.

    Of no words there are none.
    """
    window = (
        select(InboxEvent.id, InboxEvent.body)
        .where(InboxEvent.id > after)
        .order_by(InboxEvent.id)
        .limit(BATCH_SIZE)
        .subquery()
    )
    last = session.scalar(select(func.max(window.c.id)))
    if last is None:
        return EventBatch([], None)
    body = func.lower(func.convert_from(window.c.body, literal("UTF8")))
    # Said at first that nothing is meant: a choice of nothing would let all pass, and take the person out of each.
    told = or_(false(), *(func.strpos(body, word.lower()) > 0 for word in words if word))
    return EventBatch(session.scalars(select(window.c.id).where(told)).all(), last)


def redact_events(session: Session, ids: Sequence[str]) -> None:
    """Take the person out of these events; what they say of money stays, so that they can be applied again."""
    for event in session.scalars(select(InboxEvent).where(InboxEvent.id.in_(ids))):
        told = json.loads(event.body)
        told["data"] = _without_person(told.get("data"))
        session.execute(
            update(InboxEvent)
            .where(InboxEvent.id == event.id)
            .values(body=json.dumps(told, separators=(",", ":")).encode())
            .execution_options(synchronize_session=False)
        )


def _without_person(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_person(one) for one in value]
    if isinstance(value, dict):
        return {
            name: None if name in _PERSONAL else _without_person(one) for name, one in value.items()
        }
    return value
