"""Letters of which nobody can tell any more to whom they went: their rows stay, for what was counted and when."""

from sqlalchemy import ColumnElement, case, update
from sqlalchemy.orm import Session

from campaign.models import OutboxMessage, OutboxState


def redact_emails(session: Session, which: ColumnElement[bool], why: str) -> int:
    """Take the person out of the letters that `which` chooses; how many. What was not sent is dropped, and `why` told.

    A mail server's words may hold the address. A letter leaves its step: there each has an address of its own.
    """
    sent = OutboxMessage.state == OutboxState.sent.value
    gone = session.execute(
        update(OutboxMessage)
        .where(which)
        .values(
            recipient="",
            step_id=None,
            name="",
            details=OutboxMessage.details.op("-")("problems"),
            state=case((sent, OutboxState.sent.value), else_=OutboxState.dropped.value),
            last_error=case((sent, None), else_=why),
            bounce=None,
            lease_until=None,
        )
        .returning(OutboxMessage.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
