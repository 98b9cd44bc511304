"""The inbox: store each event once, claim it, and record the result."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from campaign.core.backoff import Backoff
from campaign.core.claims import DueRows
from campaign.core.errors import CampaignError, EventHeld, GatewayUnavailable, NotFound
from campaign.core.log_masking import mask_addresses
from campaign.core.upsert import insert_once
from campaign.gateway import Event
from campaign.models import InboxEvent, InboxState

BACKOFF = Backoff(timedelta(seconds=5), timedelta(hours=1), most_attempts=12)

READING = timedelta(minutes=5)
"""How long one worker has to read an event's object at Stripe before another one may try."""

_LINKS = ("success_url", "return_url")

SETTLED = "settled by staff"
"""How the note of such an event begins."""

_WAITING = (InboxState.received.value, InboxState.failed.value, InboxState.held.value)
_LEFT = (InboxState.failed.value, InboxState.given_up.value, InboxState.held.value)
# No lease: an event and all its effects are one transaction, so the row lock is the claim. Only reading its object at
# Stripe happens between two transactions: see `postpone`.
_QUEUE = DueRows(cast("Table", InboxEvent.__table__), _WAITING)


def store_event(session: Session, event: Event, body: bytes) -> bool:
    """Store `body` as received, without the donor's links; return False if this event is already stored."""
    fact = {
        "id": event.id,
        "type": event.type,
        "body": without_links(body),
        "occurred_at": event.created,
        "state": InboxState.received.value,
    }
    return insert_once(session, InboxEvent, fact, key="id")


def without_links(body: bytes) -> bytes:
    """Return the event without the addresses to which Stripe sent the donor back: they open the donor's pages.

    https://docs.stripe.com/api/checkout/sessions/object#checkout_session_object-success_url
    """
    if not any(f'"{name}"'.encode() in body for name in _LINKS):
        return body
    event = json.loads(body)
    changed = event.get("data")
    for part in changed.values() if isinstance(changed, dict) else ():
        if isinstance(part, dict):
            part.update((name, None) for name in _LINKS if name in part)
    return json.dumps(event, separators=(",", ":")).encode()


def claim_event(session: Session, at: datetime) -> InboxEvent | None:
    """Return the next due event, locked until this transaction ends. If the worker dies, the lock is released."""
    return session.scalar(
        _QUEUE.oldest(select(InboxEvent), at, 1).execution_options(populate_existing=True)
    )


def lock_event(session: Session, event_id: str) -> InboxEvent:
    """Return a stored event in any state, locked, to apply it again; raises NotFound."""
    event = find_event(session, event_id)
    session.refresh(event, with_for_update=True)
    return event


def find_event(session: Session, event_id: str) -> InboxEvent:
    """Return a stored event in any state, without locking it; raises NotFound."""
    event = session.get(InboxEvent, event_id)
    if event is None:
        raise NotFound(f"No event {event_id!r} is stored here.")
    return event


def postpone(event: InboxEvent, at: datetime) -> None:
    """Keep other workers from the locked event while its object is read at Stripe without a transaction."""
    event.next_attempt_at = at + READING


def lock_waiting(session: Session, event_id: str) -> InboxEvent | None:
    """Return the event, locked, after its object was read; None if another worker has finished it meanwhile."""
    event = lock_event(session, event_id)
    return event if event.state in _WAITING else None


def settle_event(session: Session, event_id: str, reason: str, at: datetime) -> None:
    """Close an event that could not be applied and is right as it is, for `reason`.

    Raises NotFound, and CampaignError without a reason or if the event is not waiting for staff.
    """
    event = lock_event(session, event_id)
    if not reason.strip():
        raise CampaignError(f"Say why {event_id} is settled: the audit log keeps the reason.")
    if event.state not in _LEFT:
        raise CampaignError(
            f"{event_id} is {event.state}: only an event that could not be applied can be settled."
        )
    finish_event(event, applied=False, note=f"{SETTLED}: {' '.join(reason.split())}", at=at)


def retry_held(session: Session, at: datetime) -> None:
    """Make every held event due at `at`."""
    session.execute(
        update(InboxEvent)
        .where(InboxEvent.state == InboxState.held.value)
        .values(next_attempt_at=at)
        .execution_options(synchronize_session=False)
    )


def list_left(session: Session) -> Sequence[InboxEvent]:
    """Return every event that could not be applied so far, oldest first."""
    query = select(InboxEvent).where(InboxEvent.state.in_(_LEFT))
    return session.scalars(query.order_by(InboxEvent.occurred_at, InboxEvent.id)).all()


def finish_event(event: InboxEvent, *, applied: bool, note: str, at: datetime) -> None:
    """Mark the event as applied or ignored, with a note that says why."""
    event.state = InboxState.done.value if applied else InboxState.ignored.value
    event.note = note
    event.last_error = None
    event.finished_at = at


def fail_event(
    session: Session, event_id: str, error: Exception, at: datetime
) -> InboxState | None:
    """Record a failure after its rollback, and schedule the retry or give up; return the new state.

    An event that has to be held is never given up, nor one for which Stripe could not be reached. Return None if
    another worker has finished the event in the meantime.
    """
    event = session.scalar(
        select(InboxEvent)
        .where(InboxEvent.id == event_id, InboxEvent.state.in_(_WAITING))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if event is None:
        return None
    event.attempts += 1
    event.last_error = mask_addresses(f"{type(error).__name__}: {error}")[:2000]
    event.state = _state_after(error, last=BACKOFF.is_last(event.attempts)).value
    event.next_attempt_at = at + BACKOFF.wait(event.attempts)
    return InboxState(event.state)


def _state_after(error: Exception, *, last: bool) -> InboxState:
    if isinstance(error, EventHeld) or (last and isinstance(error, GatewayUnavailable)):
        return InboxState.held
    return InboxState.given_up if last else InboxState.failed
