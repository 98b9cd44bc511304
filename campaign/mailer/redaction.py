"""Remove recipients from outbox messages. The rows stay for the statistics."""

from sqlalchemy import ColumnElement, case, update
from sqlalchemy.orm import Session

from campaign.models import OutboxMessage, OutboxState


def redact_emails(session: Session, which: ColumnElement[bool], why: str) -> int:
    """Remove the person from the messages that match `which`; return how many. Drop unsent ones with the reason `why`.

    The mail server's error text is removed too, because it may contain the address. The message is detached from its
    schedule step, where each address must be unique.
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
