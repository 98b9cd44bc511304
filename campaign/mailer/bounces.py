"""Record bounces and spam complaints. Used by `campaign bounces` and the mail provider's webhook.

The bounce is stored with the message; the address is added to the suppressions.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.mailer.suppressions import suppress
from campaign.models import OutboxMessage, SuppressionReason

LONGEST_DETAIL = 500
_ADDRESS = re.compile(r"[^\s<>()\[\];,:\"']+@[^\s<>()\[\];,:\"']+")


class ReportOutcome(StrEnum):
    """The effect of a report: recorded, already known, or the address has been erased since."""

    new = "new"
    known = "known"
    forgotten = "forgotten"


def find_message(
    session: Session, tokens: Sequence[str], message_ids: Sequence[str]
) -> OutboxMessage | None:
    """Return the message that a report identifies by its envelope token or its Message-ID, locked, or None."""
    named = [(OutboxMessage.token, each) for each in tokens]
    named += [(OutboxMessage.message_id, each) for each in message_ids]
    for column, value in named:
        found = session.scalar(
            select(OutboxMessage)
            .where(column == _text(value))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if found is not None:
            return found
    return None


def record_bounce(
    session: Session, message: OutboxMessage, *, permanent: bool, detail: str, at: datetime
) -> ReportOutcome:
    """Record that `message` bounced at `at`. A permanent bounce suppresses its address; the first one is kept.

    A temporary failure is only noted and never replaces a permanent one.
    """
    text = _short(detail)
    if message.bounced_at is not None or (not permanent and message.bounce == text):
        return ReportOutcome.known
    message.bounce = text
    if permanent:
        message.bounced_at = at
        session.flush()
        return _suppress(session, message, SuppressionReason.bounced, text)
    session.flush()
    return ReportOutcome.new


def record_complaint(
    session: Session, message: OutboxMessage, *, detail: str, at: datetime
) -> ReportOutcome:
    """Record that the recipient reported `message` as spam at `at`, and suppress the address for all campaigns."""
    text = _short(f"{at:%Y-%m-%d}: {detail}")
    fresh = _suppress(session, message, SuppressionReason.complained, text)
    session.flush()
    return fresh


def _suppress(
    session: Session, message: OutboxMessage, reason: SuppressionReason, detail: str
) -> ReportOutcome:
    if not message.recipient:
        return ReportOutcome.forgotten
    added = suppress(session, message.recipient, reason, detail=detail)
    return (
        ReportOutcome.new if added or reason is SuppressionReason.bounced else ReportOutcome.known
    )


def _short(detail: str) -> str:
    """Return `detail` on one line without addresses, so that erasing a recipient leaves no copy here."""
    words = _ADDRESS.sub("(address)", " ".join(_text(detail).split()))
    return words[:LONGEST_DETAIL]


def _text(text: str) -> str:
    """Return text that PostgreSQL can store: without NUL and lone surrogates, which malformed mail may contain."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()
