"""Events in another API version that an earlier version of this service put aside as they were worded."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.core.database import Sessions
from campaign.core.errors import WebhookRefused
from campaign.gateway import is_our_version, read_event
from campaign.models import InboxEvent, InboxState
from campaign.stripe_events.inbox import SETTLED
from campaign.stripe_events.registry import HANDLERS
from campaign.stripe_events.rereading import READ_AGAIN

BATCH_SIZE = 1000
"""Events to look at in one transaction."""


def reopen_misread_events(sessions: Sessions, since: datetime | None) -> int:
    """Let every ignored event of `since` or later be applied anew whose object was never read in our version.

    Returns how many there are. Repeated, there are none: the note of an event says that its object was read again.
    """
    reopened, after = 0, ""
    while True:
        with sessions.begin() as session:
            batch = _ignored(session, since, after)
            names = [event.id for event in batch if _is_worded_otherwise(event)]
            session.execute(
                update(InboxEvent)
                .where(InboxEvent.id.in_(names), InboxEvent.state == InboxState.ignored.value)
                .values(state=InboxState.received.value, finished_at=None)
                .execution_options(synchronize_session=False)
            )
            reopened += len(names)
            if not batch:
                return reopened
            after = batch[-1].id


def _ignored(session: Session, since: datetime | None, after: str) -> Sequence[InboxEvent]:
    query = select(InboxEvent).where(
        InboxEvent.state == InboxState.ignored.value,
        InboxEvent.type.in_(HANDLERS),
        func.coalesce(InboxEvent.note, "").not_like(f"%{READ_AGAIN}%"),
        func.coalesce(InboxEvent.note, "").not_like(f"{SETTLED}%"),
        InboxEvent.id > after,
    )
    if since is not None:
        query = query.where(InboxEvent.occurred_at >= since)
    return session.scalars(query.order_by(InboxEvent.id).limit(BATCH_SIZE)).all()


def _is_worded_otherwise(event: InboxEvent) -> bool:
    try:
        return not is_our_version(read_event(event.body).api_version)
    except WebhookRefused:
        return False
