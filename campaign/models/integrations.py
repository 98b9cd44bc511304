"""Who else may read, and who is told: tokens of the API, and webhooks that go out."""

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
    """A secret that reads the API, as far as `scopes` go. Only a digest is kept; `hint` is its end, to know it by."""

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
    """Where a donor database wants to be told: of `events`, the kinds it asked for. `secret` signs what is sent."""

    __tablename__ = "webhook_endpoint"

    id: Mapped[Key]
    url: Mapped[str]
    secret: Mapped[str]
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    disabled_at: Mapped[datetime | None]


class WebhookDelivery(Base):
    """One event for one endpoint: written by the database's triggers in the transaction of the fact itself.

    (endpoint, kind, subject_key) is unique. `body` is made at the first try and never changes; a receiver knows a
    repeat by `public_id`, which the database makes. `lease_until`: a worker that died loses its claim then. No foreign
    key holds `ledger_entry_id`: nothing leaves the ledger.
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
    )

    id: Mapped[Key]
    public_id: Mapped[str] = mapped_column(unique=True, server_default=FetchedValue())
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.id"))
    kind: Mapped[str]
    subject_key: Mapped[str]
    donation_id: Mapped[int | None] = mapped_column(ForeignKey("donation.id"))
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id"))
    ledger_entry_id: Mapped[int | None]
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
