"""A monthly or yearly gift, as Stripe keeps renewing it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, func, text
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key, one_of
from campaign.models.states import Frequency, SubscriptionState


class Subscription(Base):
    """Begun by a first donation in a campaign. `amount` and `cover` are minor units of `currency` a period."""

    __tablename__ = "subscription"
    __table_args__ = (
        CheckConstraint(one_of("state", SubscriptionState), name="state"),
        CheckConstraint(one_of("frequency", Frequency), name="frequency"),
        CheckConstraint("amount > 0 AND cover >= 0", name="amount"),
    )

    id: Mapped[Key]
    stripe_id: Mapped[str] = mapped_column(unique=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id"), index=True)
    frequency: Mapped[str]
    amount: Mapped[int]
    cover: Mapped[int] = mapped_column(server_default=text("0"))
    currency: Mapped[str]
    state: Mapped[str] = mapped_column(default=SubscriptionState.active.value)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
