"""Subscribers, here and at list services, suppressed addresses, reminders, and a campaign's schedule and extensions."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core.link_tokens import LinkToken
from campaign.models.base import Base, Key, one_of
from campaign.models.states import (
    Giving,
    ListServiceName,
    ReminderChoice,
    StepBasis,
    SuppressionReason,
)

_LINK = LinkToken("reminder")


class Subscriber(Base):
    """A person who agreed to receive appeals, with the source, wording and time. Identified by email, ignoring case.

    `timezone` is an IANA name, or None to use the campaign's. Consent alone does not mean that the address may be
    emailed now: see `Suppression`. `giving` is as of the last run of the job `segment-subscribers`. `words` is the
    search vector, which the database computes.
    """

    __tablename__ = "subscriber"
    __table_args__ = (
        Index("uq_subscriber_lower_email", text("lower(email)"), unique=True),
        CheckConstraint(one_of("giving", Giving), name="giving"),
        Index("ix_subscriber_words", "words", postgresql_using="gin"),
        Index("ix_subscriber_giving", "giving", "id"),
        Index("ix_subscriber_gave", "id", postgresql_where=text("giving <> 'never'")),
    )

    id: Mapped[Key]
    email: Mapped[str]
    name: Mapped[str] = mapped_column(server_default=text("''"))
    locale: Mapped[str] = mapped_column(server_default=text("'en'"))
    timezone: Mapped[str | None]
    consent_source: Mapped[str]
    consent_wording: Mapped[str] = mapped_column(server_default=text("''"))
    consent_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    giving: Mapped[str] = mapped_column(server_default=text("'never'"))
    words: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed("search_words(((name || ' '::text) || email))", persisted=True),
        nullable=True,
        deferred=True,
    )


class Suppression(Base):
    """An address, in lower case, that gets no more appeals: from one campaign, or from any if `campaign_id` is None.

    Receipts and other emails about a donor's own gift are not appeals and are still sent.
    """

    __tablename__ = "suppression"
    __table_args__ = (
        CheckConstraint("email = lower(email) AND email <> ''", name="email"),
        CheckConstraint(one_of("reason", SuppressionReason), name="reason"),
        Index(
            "uq_suppression_email",
            "email",
            unique=True,
            postgresql_where=text("campaign_id IS NULL"),
        ),
        Index(
            "uq_suppression_email_campaign_id",
            "email",
            "campaign_id",
            unique=True,
            postgresql_where=text("campaign_id IS NOT NULL"),
        ),
        Index("ix_suppression_reason", "reason", "id"),
    )

    id: Mapped[Key]
    email: Mapped[str]
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    reason: Mapped[str]
    detail: Mapped[str] = mapped_column(server_default=text("''"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Reminder(Base):
    """A "remind me later" request: one email at `due_at`, then the row is deleted with the address.

    `confirmed_at`: when it was certain that the address is the reader's. Until then only the email that asks for it
    was sent there; its link has `token`.
    """

    __tablename__ = "reminder"
    __table_args__ = (
        CheckConstraint(one_of("choice", ReminderChoice), name="choice"),
        Index("uq_reminder_campaign_id", "campaign_id", text("lower(email)"), unique=True),
        Index("ix_reminder_due_at", "due_at"),
    )

    id: Mapped[Key]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    email: Mapped[str]
    locale: Mapped[str] = mapped_column(server_default=text("'en'"))
    choice: Mapped[str]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    confirmed_at: Mapped[datetime | None]
    token: Mapped[str | None] = mapped_column(_LINK, unique=True, default=_LINK.new_token())


class CampaignStep(Base):
    """One step of a campaign's email schedule. `basis`, `offset` and the campaign's dates determine when it is due.

    `offset` is days before the end in local time (days_before), hours before the end (hours_before), or unused
    (opening, after_end). `expires_after` is hours after the due time; None: until the next step is due. `texts` holds
    the texts that staff changed, by language: `{"en": {"subject": "…", "opening": "…"}}`.
    """

    __tablename__ = "campaign_step"
    __table_args__ = (
        UniqueConstraint("campaign_id", "key"),
        CheckConstraint(one_of("basis", StepBasis), name="basis"),
        CheckConstraint('"offset" >= 0', name="offset"),
        CheckConstraint("expires_after > 0", name="expires_after"),
    )

    id: Mapped[Key]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    key: Mapped[str]
    basis: Mapped[str]
    offset: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    expires_after: Mapped[int | None] = mapped_column(Integer)
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    texts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class Extension(Base):
    """A change of a campaign's deadline, with the reason, shown to the public. Never removed.

    The new deadline is later, or the time of the change itself if staff closed the campaign early.
    """

    __tablename__ = "extension"
    __table_args__ = (
        CheckConstraint("deadline <> previous_deadline", name="moved"),
        CheckConstraint("reason <> ''", name="reason"),
        Index("ix_extension_campaign_id", "campaign_id"),
    )

    id: Mapped[Key]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    previous_deadline: Mapped[datetime]
    deadline: Mapped[datetime]
    reason: Mapped[str]
    recorded_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    @property
    def closed_early(self) -> bool:
        """Whether staff closed the campaign before its deadline."""
        return self.deadline < self.previous_deadline


class ListMember(Base):
    """One address, in lower case, at one service.

    `pushed_at`: when we added it there, with `tags`. `left_at`: when we saw that the person had left there; they are
    never added again. `refused_at`: when the service refused the address. `erase`: the person was erased here, and the
    next run deletes them there, then this row.
    """

    __tablename__ = "list_member"
    __table_args__ = (
        UniqueConstraint("service", "email"),
        CheckConstraint(one_of("service", ListServiceName), name="service"),
        CheckConstraint("email = lower(email) AND email <> ''", name="email"),
        Index("ix_list_member_email", "email"),
        Index("ix_list_member_erase", "service", postgresql_where=text("erase")),
    )

    id: Mapped[Key]
    service: Mapped[str]
    email: Mapped[str]
    remote_id: Mapped[str] = mapped_column(server_default=text("''"))
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    pushed_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    erase: Mapped[bool] = mapped_column(server_default=text("false"))


class ListSyncState(Base):
    """How far the sync with a service is: departures before `pulled_at` are known; it waits until `not_before`."""

    __tablename__ = "list_sync_state"
    __table_args__ = (CheckConstraint(one_of("service", ListServiceName), name="service"),)

    service: Mapped[str] = mapped_column(primary_key=True)
    pulled_at: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
