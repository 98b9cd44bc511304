"""Mail that is to be sent, or was."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key, one_of
from campaign.models.states import OutboxState


class OutboxMessage(Base):
    """One message to one person about one thing: (kind, subject_key) is unique, so nothing is queued twice.

    Ids only; the letter is rendered when it is sent. `message_id` never changes, so a repeat after a crash is
    recognisable as the same mail. `lease_until`: a worker that died loses its claim then.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        UniqueConstraint("kind", "subject_key"),
        CheckConstraint(one_of("state", OutboxState), name="state"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
        Index("ix_outbox_message_receipt_id", "receipt_id"),
        Index(
            "ix_outbox_message_due",
            "next_attempt_at",
            postgresql_where=text("state IN ('queued', 'sending')"),
        ),
    )

    id: Mapped[Key]
    kind: Mapped[str]
    subject_key: Mapped[str]
    receipt_id: Mapped[int | None] = mapped_column(ForeignKey("receipt.id"))
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id"))
    recipient: Mapped[str]
    message_id: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(default=OutboxState.queued.value)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
