"""Process the inbox: claim an event, apply it, and commit its effects and its new state together.

A failure is rolled back completely; the error and the next attempt are saved in a second transaction. Where the event's
object must be read again at Stripe, that happens between two transactions: no connection waits for Stripe.
"""

from typing import Any

from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.core import clock
from campaign.core.booking_context import BookingContext, Outcome
from campaign.core.errors import EventHeld, FactMismatch, GatewayRefused, GatewayUnavailable
from campaign.core.task_queue import OUTBOX
from campaign.gateway import Event, read_event
from campaign.models import InboxEvent, InboxState
from campaign.receipts.numbers import read_given_numbers
from campaign.runtime.context import Installation
from campaign.stripe_events import inbox
from campaign.stripe_events.named_gifts import find_named_gift
from campaign.stripe_events.registry import dispatch
from campaign.stripe_events.rereading import must_read_again, read_again, reading_note

log = get_logger(__name__)


def apply_due_events(installation: Installation) -> int:
    """Apply every due event, one commit each; return how many were attempted.

    After a restore, Stripe is asked first for the receipt numbers given since the backup; until then events wait.
    """
    if not _numbers_known(installation):
        return 0
    run = _InboxRun(installation)
    tried = 0
    while run.apply_next():
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
    return _InboxRun(installation).apply_next()


class _InboxRun:
    """One worker's run through the inbox. Once Stripe is out of reach, it is not asked again in this run."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._unreachable: GatewayUnavailable | None = None

    def apply_next(self) -> bool:
        with self._installation.sessions() as session:
            row = inbox.claim_event(session, clock.now())
            if row is None:
                return False
            event_id, kind = row.id, row.type
            try:
                event = read_event(row.body)
                outcome = None
                if must_read_again(row, event):
                    inbox.postpone(row, clock.now())
                else:
                    outcome = _apply(session, row, event, self._installation.books)
                session.commit()
                session.close()
                outcome = outcome or self._apply_read_again(event)
            except Exception as error:  # noqa: BLE001 - any error is saved with its event, and the next event continues
                session.rollback()
                _record_failure(self._installation, event_id, kind, error)
                return True
        if outcome:
            applied, note = outcome.applied, outcome.note
            log.info("event_applied", event_id=event_id, type=kind, applied=applied, note=note)
        return True

    def _apply_read_again(self, event: Event) -> Outcome | None:
        """Read the object without a transaction, then apply it; None if another worker was faster."""
        if self._unreachable:
            raise self._unreachable
        try:
            found = read_again(self._installation.gateway.objects, event)
        except GatewayUnavailable as error:
            self._unreachable = error
            raise
        with self._installation.sessions.begin() as session:
            row = inbox.lock_waiting(session, event.id)
            return _apply(session, row, found, self._installation.books) if row else None


def _apply(session: Session, row: InboxEvent, event: Event, books: BookingContext) -> Outcome:
    """Apply `event` and finish its row. Raises EventHeld if nothing may be concluded from it."""
    try:
        outcome = dispatch(session, event, books)
    except (KeyError, TypeError, AttributeError) as error:
        raise EventHeld(f"{row.id} does not have the form of a Stripe event: {error!r}.") from error
    gift = find_named_gift(session, event.object) if outcome.foreign else None
    if gift:
        raise EventHeld(
            f"{row.type} names {gift}, but could not be placed: {outcome.note}."
            " After a restore, `campaign reconcile --apply` creates the gift again."
        )
    note = reading_note(event, outcome.note)
    inbox.finish_event(row, applied=outcome.applied, note=note, at=clock.now())
    return outcome


def _record_failure(installation: Installation, event_id: str, kind: str, error: Exception) -> None:
    with installation.sessions.begin() as session:
        state = inbox.fail_event(session, event_id, error, clock.now())
    fields: dict[str, Any] = {"event_id": event_id, "type": kind, "error": repr(error)}
    if state == InboxState.given_up:
        log.error("event_given_up", **fields)
    elif state == InboxState.held:
        # Not a warning: a command would print it beside its own error; the review list and the alert mail name it.
        log.info("event_held", **fields)
    else:
        log.warning("event_failed", **fields)


def replay_event(installation: Installation, event_id: str) -> Outcome:
    """Apply a stored event again, in any state; raises NotFound and what the handler raises.

    Its object is read again at Stripe if the event is in another API version, or was held.
    """
    with installation.sessions() as session:
        row = inbox.find_event(session, event_id)
        event = read_event(row.body)
        again = must_read_again(row, event)
    if again:
        event = read_again(installation.gateway.objects, event)
    with installation.sessions.begin() as session:
        row = inbox.lock_event(session, event_id)
        outcome = _apply(session, row, event, installation.books)
    installation.notify(OUTBOX)
    return outcome
