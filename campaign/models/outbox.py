"""Emails to send, emails that were sent, and what the mail server refused: in a row, and while sending is stopped."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
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

from campaign.core.link_tokens import LinkToken
from campaign.models.base import LINK_NAME, Base, Key, one_of
from campaign.models.states import MailLane, OutboxState


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
        CheckConstraint(LINK_NAME, name="token"),
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
    token: Mapped[str] = mapped_column(
        LinkToken("email"), unique=True, server_default=FetchedValue()
    )
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


class MailRefusal(Base):
    """A message that the mail server refused, until it accepts one on the same connection or stops the lane.

    `connection` tells apart the connections to the mail server, which may lead to different machines. `superseded`: the
    server has since accepted a message of the lane on another connection, so only this connection still counts it.
    `attempts` are the message's at the time; `suppression_id` is the suppression that the refusal made. Refusals with
    the same `refusal_key` say the same. Messages and suppressions may be deleted meanwhile, so neither id is a foreign
    key.
    """

    __tablename__ = "mail_refusal"
    __table_args__ = (
        CheckConstraint(one_of("lane", MailLane), name="lane"),
        Index("ix_mail_refusal_lane", "lane"),
    )

    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    lane: Mapped[str]
    connection: Mapped[str]
    refusal_key: Mapped[str]
    superseded: Mapped[bool] = mapped_column(server_default=text("false"))
    attempts: Mapped[int] = mapped_column(Integer)
    suppression_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class MailOutage(Base):
    """A time in which the mail server refused every message of a lane, so that sending was stopped.

    `cause` and `words` (without addresses) are those of the refusal, `refusal_key` compares it with others, `readers`
    counts the different recipients in a row; 0 if the server refused the connection itself. At `probe_at` one message
    is tried again; `probes` counts these tries.
    """

    __tablename__ = "mail_outage"
    __table_args__ = (
        CheckConstraint(one_of("lane", MailLane), name="lane"),
        Index(
            "uq_mail_outage_lane", "lane", unique=True, postgresql_where=text("closed_at IS NULL")
        ),
        Index("ix_mail_outage_opened_at", "opened_at"),
    )

    id: Mapped[Key]
    lane: Mapped[str]
    cause: Mapped[str]
    words: Mapped[str]
    refusal_key: Mapped[str]
    readers: Mapped[int] = mapped_column(Integer)
    opened_at: Mapped[datetime]
    probe_at: Mapped[datetime]
    probes: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    closed_at: Mapped[datetime | None]
