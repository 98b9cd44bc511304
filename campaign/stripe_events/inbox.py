"""The inbox: store an event once, claim it, keep what became of it."""

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
# No lease: an event and all that follows from it are one transaction, so the lock on its row is the claim.
_QUEUE = DueRows(cast("Table", InboxEvent.__table__), _WAITING)


def store_event(session: Session, event: Event, body: bytes) -> bool:
    """Keep `body` as it came; False when this event is stored already."""
    fact = {
        "id": event.id,
        "type": event.type,
        "body": body,
        "occurred_at": event.created,
        "state": InboxState.received.value,
    }
    return insert_once(session, InboxEvent, fact, key="id")


def claim_event(session: Session, at: datetime) -> InboxEvent | None:
    """The next due event, locked until this transaction ends; a worker that dies gives it back by dying."""
    return session.scalar(
        _QUEUE.oldest(select(InboxEvent), at, 1).execution_options(populate_existing=True)
    )


def lock_event(session: Session, event_id: str) -> InboxEvent:
    """A stored event, whatever its state, to be applied again; raises NotFound."""
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
    """The event is dealt with: applied, or of no interest, which is noted and never silent."""
    event.state = InboxState.done.value if applied else InboxState.ignored.value
    event.note = note
    event.last_error = None
    event.finished_at = at


def fail_event(session: Session, event_id: str, error: str, at: datetime) -> InboxState | None:
    """Keep the error, after the rollback that it caused, and say when to try again, or that it is given up.

    None where another worker has dealt with the event meanwhile.
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
