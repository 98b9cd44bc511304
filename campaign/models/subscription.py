"""A monthly or yearly gift that Stripe renews."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core.link_tokens import LinkToken
from campaign.models.base import LINK_NAME, Base, Key, one_of
from campaign.models.states import Frequency, SubscriptionState

if TYPE_CHECKING:
    from campaign.models.campaign import Campaign
    from campaign.models.donor import Donor


_LINK = LinkToken("subscription")


class Subscription(Base):
    """A monthly or yearly gift. `amount` and `fee_cover` are minor units of `currency` per period.

    Its first donation started it. `token` opens the gift's page for the donor. `status` is Stripe's status; `as_of` and
    `as_of_event` are the time and id of the event that reported it: updates arrive in any order and the newest wins,
    except that cancellation is final. `failed_invoice_id` and `payment_update_url` (Stripe's page to pay that invoice
    with another card) are set while a renewal is unpaid.
    """

    __tablename__ = "subscription"
    __table_args__ = (
        CheckConstraint(one_of("state", SubscriptionState), name="state"),
        CheckConstraint(LINK_NAME, name="token"),
        CheckConstraint(one_of("frequency", Frequency), name="frequency"),
        CheckConstraint("amount > 0 AND fee_cover >= 0", name="amount"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
        # The active ones, which the dashboard adds up.
        Index(
            "ix_subscription_going_on",
            "campaign_id",
            "frequency",
            postgresql_include=["amount"],
            postgresql_where=text("state IN ('active', 'past_due')"),
        ),
    )

    id: Mapped[Key]
    stripe_id: Mapped[str] = mapped_column(unique=True)
    token: Mapped[str] = mapped_column(_LINK, unique=True, default=_LINK.new_token())
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id"), index=True)
    frequency: Mapped[str]
    amount: Mapped[int]
    fee_cover: Mapped[int] = mapped_column(server_default=text("0"))
    currency: Mapped[str]
    state: Mapped[str] = mapped_column(default=SubscriptionState.active.value)
    status: Mapped[str | None]
    customer_id: Mapped[str | None]
    current_period_end: Mapped[datetime | None]
    ends_at_period_end: Mapped[bool] = mapped_column(server_default=text("false"))
    paused_until: Mapped[datetime | None]
    failed_invoice_id: Mapped[str | None]
    failed_at: Mapped[datetime | None]
    payment_update_url: Mapped[str | None]
    as_of: Mapped[datetime | None]
    as_of_event: Mapped[str] = mapped_column(server_default=text("''"))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    campaign: Mapped["Campaign"] = relationship()
    donor: Mapped["Donor"] = relationship()

    @property
    def charge(self) -> int:
        """The amount Stripe charges per period, in minor units."""
        return self.amount + self.fee_cover


class InvoicePayment(Base):
    """One of the payments that paid an invoice. Invoices do not name them, and they may be reported before it.

    An invoice may be paid in parts. `payment_id` is a payment intent, or for money that did not come through Stripe a
    payment record (`pr_…`). `amount` is the part of the invoice it paid, in minor units; NULL if nobody said.
    """

    __tablename__ = "invoice_payment"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        # A refund or dispute names the payment only.
        Index("ix_invoice_payment_payment_id", "payment_id"),
    )

    invoice_id: Mapped[str] = mapped_column(primary_key=True)
    payment_id: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
