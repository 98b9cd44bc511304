"""The inbox: store each event once, claim it, and record the result."""

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from campaign.core.backoff import Backoff
from campaign.core.claims import DueRows
from campaign.core.errors import NotFound
from campaign.core.upsert import insert_once
from campaign.gateway import Event
from campaign.models import InboxEvent, InboxState

BACKOFF = Backoff(timedelta(seconds=5), timedelta(hours=1), most_attempts=12)

_WAITING = (InboxState.received.value, InboxState.failed.value)
# No lease: an event and all its effects are one transaction, so the row lock is the claim.
_QUEUE = DueRows(cast("Table", InboxEvent.__table__), _WAITING)


def store_event(session: Session, event: Event, body: bytes) -> bool:
    """Store `body` as received; return False if this event is already stored."""
    fact = {
        "id": event.id,
        "type": event.type,
        "body": body,
        "occurred_at": event.created,
        "state": InboxState.received.value,
    }
    return insert_once(session, InboxEvent, fact, key="id")


def claim_event(session: Session, at: datetime) -> InboxEvent | None:
    """Return the next due event, locked until this transaction ends. If the worker dies, the lock is released."""
    return session.scalar(
        _QUEUE.oldest(select(InboxEvent), at, 1).execution_options(populate_existing=True)
    )


def lock_event(session: Session, event_id: str) -> InboxEvent:
    """Return a stored event in any state, locked, to apply it again; raises NotFound."""
    event = session.scalar(
        select(InboxEvent)
        .where(InboxEvent.id == event_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if event is None:
        raise NotFound(f"No event {event_id!r} is stored here.")
    return event


def finish_event(event: InboxEvent, *, applied: bool, note: str, at: datetime) -> None:
    """Mark the event as applied or ignored, with a note that says why."""
    event.state = InboxState.done.value if applied else InboxState.ignored.value
    event.note = note
    event.last_error = None
    event.finished_at = at


def fail_event(session: Session, event_id: str, error: str, at: datetime) -> InboxState | None:
    """Record a failure after its rollback, and schedule the retry or give up; return the new state.

    Return None if another worker has finished the event in the meantime.
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
    event.last_error = error[:2000]
    given_up = BACKOFF.is_last(event.attempts)
    event.state = (InboxState.given_up if given_up else InboxState.failed).value
    event.next_attempt_at = at + BACKOFF.wait(event.attempts)
    return InboxState(event.state)
