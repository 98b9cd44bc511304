"""Process the inbox: claim an event, apply it, and commit its effects and its new state together.

A failure is rolled back completely; the error and the next attempt are saved in a second transaction.
"""

from typing import Any

from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.core import clock
from campaign.core.booking_context import BookingContext, Outcome
from campaign.core.errors import FactMismatch, GatewayRefused, GatewayUnavailable
from campaign.core.task_queue import OUTBOX
from campaign.gateway import read_event
from campaign.models import InboxEvent, InboxState
from campaign.receipts.numbers import read_given_numbers
from campaign.runtime.context import Installation
from campaign.stripe_events import inbox
from campaign.stripe_events.registry import dispatch

log = get_logger(__name__)


def apply_due_events(installation: Installation) -> int:
    """Apply every due event, one commit each; return how many were attempted.

    After a restore, Stripe is asked first for the receipt numbers given since the backup; until then events wait.
    """
    if not _numbers_known(installation):
        return 0
    tried = 0
    while apply_next_event(installation):
        tried += 1
    if tried:
        installation.notify(OUTBOX)
    return tried


def _numbers_known(installation: Installation) -> bool:
    try:
        read_given_numbers(installation, clock.now())
    except (GatewayUnavailable, GatewayRefused, FactMismatch) as error:
        log.warning("events_wait_for_receipt_numbers", error=str(error))
        return False
    return True


def apply_next_event(installation: Installation) -> bool:
    """Apply the next due event; return False if there is none. A failed event is kept and retried later."""
    with installation.sessions() as session:
        event = inbox.claim_event(session, clock.now())
        if event is None:
            return False
        event_id, kind = event.id, event.type
        try:
            outcome = _apply(session, event, installation.books)
            session.commit()
        except Exception as error:  # noqa: BLE001 - any error is saved with its event, and the next event continues
            session.rollback()
            _record_failure(installation, event_id, kind, error)
            return True
    log.info(
        "event_applied", event_id=event_id, type=kind, applied=outcome.applied, note=outcome.note
    )
    return True


def _apply(session: Session, event: InboxEvent, books: BookingContext) -> Outcome:
    outcome = dispatch(session, read_event(event.body), books)
    inbox.finish_event(event, applied=outcome.applied, note=outcome.note, at=clock.now())
    return outcome


def _record_failure(installation: Installation, event_id: str, kind: str, error: Exception) -> None:
    with installation.sessions.begin() as session:
        state = inbox.fail_event(session, event_id, f"{type(error).__name__}: {error}", clock.now())
    fields: dict[str, Any] = {"event_id": event_id, "type": kind, "error": repr(error)}
    if state == InboxState.given_up:
        log.error("event_given_up", **fields)
    else:
        log.warning("event_failed", **fields)


def replay_event(installation: Installation, event_id: str) -> Outcome:
    """Apply a stored event again, in any state; raises NotFound and what the handler raises."""
    try:
        with installation.sessions.begin() as session:
            event = inbox.lock_event(session, event_id)
            outcome = _apply(session, event, installation.books)
    except (KeyError, TypeError) as error:
        raise FactMismatch(
            f"{event_id} does not have the form of a Stripe event: {error!r}."
        ) from error
    installation.notify(OUTBOX)
    return outcome
