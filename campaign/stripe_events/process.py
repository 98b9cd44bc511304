"""The inbox's edge: claim an event, apply it, and commit all of its effects and its end at once.

A failure is rolled back whole; its error and the next try are kept in a second transaction.
"""

from typing import Any

from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.core import clock
from campaign.core.booking_context import BookingContext, Outcome
from campaign.core.errors import FactMismatch
from campaign.core.task_queue import OUTBOX
from campaign.gateway import read_event
from campaign.models import InboxEvent, InboxState
from campaign.runtime.context import Installation
from campaign.stripe_events import inbox
from campaign.stripe_events.registry import dispatch

log = get_logger(__name__)


def apply_due_events(installation: Installation) -> int:
    """Apply every event that is due, one commit each; the number of events tried."""
    tried = 0
    while apply_next_event(installation):
        tried += 1
    if tried:
        installation.notify(OUTBOX)
    return tried


def apply_next_event(installation: Installation) -> bool:
    """Apply the next due event; False where there is none. An event that fails is kept and tried again later."""
    with installation.sessions() as session:
        event = inbox.claim_event(session, clock.now())
        if event is None:
            return False
        event_id, kind = event.id, event.type
        try:
            outcome = _apply(session, event, installation.books)
            session.commit()
        except Exception as error:  # noqa: BLE001 - whatever went wrong is kept with the event, and the next one goes on
            session.rollback()
            _keep_failure(installation, event_id, kind, error)
            return True
    log.info(
        "event_applied", event_id=event_id, type=kind, applied=outcome.applied, note=outcome.note
    )
    return True


def _apply(session: Session, event: InboxEvent, books: BookingContext) -> Outcome:
    outcome = dispatch(session, read_event(event.body), books)
    inbox.finish_event(event, applied=outcome.applied, note=outcome.note, at=clock.now())
    return outcome


def _keep_failure(installation: Installation, event_id: str, kind: str, error: Exception) -> None:
    with installation.sessions.begin() as session:
        state = inbox.fail_event(session, event_id, f"{type(error).__name__}: {error}", clock.now())
    told: dict[str, Any] = {"event_id": event_id, "type": kind, "error": repr(error)}
    if state == InboxState.given_up:
        log.error("event_given_up", **told)
    else:
        log.warning("event_failed", **told)


def replay_event(installation: Installation, event_id: str) -> Outcome:
    """Apply a stored event again, whatever became of it before; raises NotFound, and what the handler raises."""
    try:
        with installation.sessions.begin() as session:
            event = inbox.lock_event(session, event_id)
            outcome = _apply(session, event, installation.books)
    except (KeyError, TypeError) as error:
        raise FactMismatch(f"{event_id} is not as Stripe words it: {error!r}.") from error
    installation.notify(OUTBOX)
    return outcome
