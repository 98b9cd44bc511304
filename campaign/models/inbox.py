"""Stripe events as received, each stored once."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Integer, func, text
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, one_of
from campaign.models.states import InboxState


class InboxEvent(Base):
    """One event. `body` is the raw JSON. `last_error` and `attempts` are kept after a failure is rolled back.

    `redacted_at`: when its names and addresses were removed, because it was finished long ago.
    """

    __tablename__ = "inbox_event"
    __table_args__ = (
        CheckConstraint(one_of("state", InboxState), name="state"),
        Index(
            "ix_inbox_event_due",
            "next_attempt_at",
            postgresql_where=text("state IN ('received', 'failed', 'held')"),
        ),
        Index("ix_inbox_event_named", "finished_at", postgresql_where=text("redacted_at IS NULL")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    body: Mapped[bytes]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    state: Mapped[str] = mapped_column(default=InboxState.received.value)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    note: Mapped[str | None]
    last_error: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    redacted_at: Mapped[datetime | None]
