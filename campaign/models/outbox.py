"""Emails to send, and emails that were sent."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    FetchedValue,
    ForeignKey,
    Index,
    Integer,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key, one_of
from campaign.models.states import OutboxState


class OutboxMessage(Base):
    """One email to one person about one thing. (kind, subject_key) is unique, so nothing is queued twice.

    It contains ids only; the email is rendered when it is sent. `message_id` never changes, so a repeat after a crash
    is recognizable as the same email. `lease_until`: when the claim of a dead worker expires.

    `bulk` emails (appeals, reminders, wrap-ups) wait for all others, are attempted at most once (`begun_at` is saved
    before the mail server is contacted) and are never sent after `expires_at`. `token` identifies the email in the
    unsubscribe URL and in the envelope sender, which receives bounces (VERP). `details` holds data that only this email
    needs. `resent_at`: when staff last requested to send it again.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        UniqueConstraint("kind", "subject_key"),
        CheckConstraint(one_of("state", OutboxState), name="state"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
        CheckConstraint("step_id IS NULL OR campaign_id IS NOT NULL", name="step"),
        Index("ix_outbox_message_receipt_id", "receipt_id"),
        Index(
            "uq_outbox_message_step_recipient",
            "step_id",
            text("lower(recipient)"),
            unique=True,
            postgresql_where=text("step_id IS NOT NULL"),
        ),
        Index("ix_outbox_message_recipient", text("lower(recipient)")),
        Index(
            "ix_outbox_message_campaign_id",
            "campaign_id",
            postgresql_where=text("campaign_id IS NOT NULL"),
        ),
        Index(
            "ix_outbox_message_donor_id",
            "donor_id",
            postgresql_where=text("donor_id IS NOT NULL"),
        ),
        Index(
            "ix_outbox_message_step_id",
            "step_id",
            "state",
            "id",
            postgresql_where=text("step_id IS NOT NULL"),
        ),
        Index("ix_outbox_message_failed", "id", postgresql_where=text("state = 'failed'")),
        Index("ix_outbox_message_dropped", "id", postgresql_where=text("state = 'dropped'")),
        Index(
            "ix_outbox_message_due",
            "bulk",
            "next_attempt_at",
            postgresql_where=text("state IN ('queued', 'sending')"),
        ),
    )

    id: Mapped[Key]
    kind: Mapped[str]
    subject_key: Mapped[str]
    receipt_id: Mapped[int | None] = mapped_column(ForeignKey("receipt.id"))
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    step_id: Mapped[int | None] = mapped_column(ForeignKey("campaign_step.id"))
    donor_id: Mapped[int | None] = mapped_column(ForeignKey("donor.id"))
    recipient: Mapped[str]
    name: Mapped[str] = mapped_column(server_default=text("''"))
    locale: Mapped[str] = mapped_column(server_default=text("'en'"))
    timezone: Mapped[str | None]
    token: Mapped[str] = mapped_column(unique=True, server_default=FetchedValue())
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    bulk: Mapped[bool] = mapped_column(server_default=text("false"))
    message_id: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(default=OutboxState.queued.value)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_until: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    resent_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    bounce: Mapped[str | None]
