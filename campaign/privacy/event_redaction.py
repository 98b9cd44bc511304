"""Find and redact a person in stored Stripe events, which contain what donors typed at Stripe.

No index supports this search, so the table is read in batches; the caller gives each batch its own transaction.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import false, func, literal, or_, select, update
from sqlalchemy.orm import Session

from campaign.models import InboxEvent

BATCH_SIZE = 2000
"""Events to search in one transaction."""

_PERSONAL = frozenset(
    {
        "address",
        "billing_details",
        "cashtag",
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
        "payer_email",
        "payment_method_details",
        "phone",
        "receipt_email",
        "receipt_url",
        "shipping",
        "shipping_details",
    }
)
"""Fields of Stripe objects that hold personal data; no event handler reads any of them."""


@dataclass(frozen=True)
class EventBatch:
    """The events of one batch that mention the person, and where the next batch starts; None after the last."""

    ids: Sequence[str]
    next_after: str | None


def find_events(session: Session, words: Sequence[str], after: str) -> EventBatch:
    """Search the next PIECE events after `after` for bodies that contain one of `words`, ignoring case.

    Without words, nothing matches.
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
    # Starts with false(): an empty OR would match every event, and each would be redacted.
    mentions = or_(false(), *(func.strpos(body, word.lower()) > 0 for word in words if word))
    return EventBatch(session.scalars(select(window.c.id).where(mentions)).all(), last)


def redact_events(session: Session, ids: Sequence[str]) -> None:
    """Redact the person in these events. Payment data stays, so that the events can be applied again."""
    for event in session.scalars(select(InboxEvent).where(InboxEvent.id.in_(ids))):
        body = json.loads(event.body)
        body["data"] = _redacted(body.get("data"))
        session.execute(
            update(InboxEvent)
            .where(InboxEvent.id == event.id)
            .values(body=json.dumps(body, separators=(",", ":")).encode())
            .execution_options(synchronize_session=False)
        )


def _redacted(value: Any) -> Any:
    if isinstance(value, list):
        return [_redacted(one) for one in value]
    if isinstance(value, dict):
        return {name: None if name in _PERSONAL else _redacted(one) for name, one in value.items()}
    return value
