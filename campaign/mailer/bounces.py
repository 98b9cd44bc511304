"""Mail that came back, and readers who called it spam. `campaign bounces` and the mail provider's webhook record both.

What is known lies with the message that was sent; who gets no more appeals lies with the suppressions.
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
    """What a report changed: something, nothing because it was known, or the address was forgotten since."""

    new = "new"
    known = "known"
    forgotten = "forgotten"


def find_message(
    session: Session, tokens: Sequence[str], message_ids: Sequence[str]
) -> OutboxMessage | None:
    """The message that a report names by the token of its envelope, or else by its Message-ID; locked."""
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
    """`message` came back at `at`. For good: its address gets no more appeals. The first permanent bounce stays.

    A passing failure is only written down, and never over a permanent one.
    """
    language = _short(detail)
    if message.bounced_at is not None or (not permanent and message.bounce == language):
        return ReportOutcome.known
    message.bounce = language
    if permanent:
        message.bounced_at = at
        session.flush()
        return _suppress(session, message, SuppressionReason.bounced, language)
    session.flush()
    return ReportOutcome.new


def record_complaint(
    session: Session, message: OutboxMessage, *, detail: str, at: datetime
) -> ReportOutcome:
    """Its reader called `message` spam at `at`: no more appeals to that address, of any campaign."""
    language = _short(f"{at:%Y-%m-%d}: {detail}")
    fresh = _suppress(session, message, SuppressionReason.complained, language)
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
    """On one line and without addresses: the reader's is forgotten where its row is, and not kept in a remark."""
    words = _ADDRESS.sub("(address)", " ".join(_text(detail).split()))
    return words[:LONGEST_DETAIL]


def _text(language: str) -> str:
    """What a text of PostgreSQL can hold: no NUL, and no halves of characters, which odd mail leaves."""
    return language.replace("\0", " ").encode("utf-8", "replace").decode()
