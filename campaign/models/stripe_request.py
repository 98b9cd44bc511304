"""Requests to Stripe, saved before they are sent."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key


class StripeRequest(Base):
    """A request that creates an object: its idempotency key, its parameters and its result.

    `ordinal` counts the keys used for the same purpose. A new key starts only if Stripe stored a failure under the old
    one, or has expired it (after 24 hours, https://docs.stripe.com/api/idempotent_requests).
    """

    __tablename__ = "stripe_request"
    __table_args__ = (
        UniqueConstraint("donation_id", "operation", "ordinal"),
        Index(
            "ix_stripe_request_named",
            "created_at",
            postgresql_where=text("parameters ? 'customer_email'"),
        ),
    )

    id: Mapped[Key]
    donation_id: Mapped[int] = mapped_column(ForeignKey("donation.id"))
    operation: Mapped[str]
    ordinal: Mapped[int] = mapped_column(Integer)
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    answered_at: Mapped[datetime | None]
    result_id: Mapped[str | None]
    error: Mapped[str | None]
