"""API tokens and outgoing webhooks."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    FetchedValue,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.models.base import Base, Key, one_of
from campaign.models.states import DeliveryState


class ApiToken(Base):
    """A token that can read the API within its `scopes`. Only a digest is stored; `hint` is its last characters."""

    __tablename__ = "api_token"

    id: Mapped[Key]
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class WebhookEndpoint(Base):
    """A URL that receives the event kinds in `events`. `secret` signs the deliveries."""

    __tablename__ = "webhook_endpoint"

    id: Mapped[Key]
    url: Mapped[str]
    secret: Mapped[str]
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    disabled_at: Mapped[datetime | None]


class WebhookDelivery(Base):
    """One event for one endpoint, written by database triggers in the same transaction as the change it reports.

    (endpoint, kind, subject_key) is unique. `body` is built at the first attempt and never changes; receivers recognize
    a repeat by `public_id`, which the database generates. `lease_until`: when the claim of a dead worker expires.
    `ledger_entry_id` needs no foreign key, because ledger entries are never deleted. `facts` is what an event about a
    subscriber reports: its row may be gone when it is sent.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "kind", "subject_key"),
        CheckConstraint(one_of("state", DeliveryState), name="state"),
        CheckConstraint("(state = 'delivered') = (delivered_at IS NOT NULL)", name="delivered"),
        Index(
            "ix_webhook_delivery_due",
            "next_attempt_at",
            postgresql_where=text("state IN ('queued', 'sending')"),
        ),
        Index("ix_webhook_delivery_endpoint_id", "endpoint_id", "id"),
        Index(
            "ix_webhook_delivery_facts_email",
            text("lower(facts ->> 'email')"),
            postgresql_where=text("facts IS NOT NULL"),
        ),
    )

    id: Mapped[Key]
    public_id: Mapped[str] = mapped_column(unique=True, server_default=FetchedValue())
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.id"))
    kind: Mapped[str]
    subject_key: Mapped[str]
    donation_id: Mapped[int | None] = mapped_column(ForeignKey("donation.id"))
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id"))
    ledger_entry_id: Mapped[int | None]
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    body: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_until: Mapped[datetime | None]
    last_status: Mapped[int | None] = mapped_column(Integer)
    last_error: Mapped[str | None]
    delivered_at: Mapped[datetime | None]

    endpoint: Mapped["WebhookEndpoint"] = relationship()
