"""Gifts brought over from another system, and monthly gifts that are still charged there."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.models.base import Base, Key, one_of
from campaign.models.states import Frequency

if TYPE_CHECKING:
    from campaign.models.donation import Donation
    from campaign.models.donor import Donor


class PastGift(Base):
    """What makes a donation a past one: it was made, receipted and booked elsewhere, before the newsroom moved here.

    (system, external_id) is unique, so a file that is imported again brings nothing twice. `charge_id` is Stripe's
    charge, if the payment lives in this Stripe account and the file names it; the payment itself is the donation's.
    `refunded` is what the other system had given back, in minor units with covered fees: evidence, like `Charge`.
    `receipted_here`: staff asked for receipts of ours. `donor_ref` and `plan_ref` are the other system's ids of the
    donor and of the recurring gift, of which this is number `installment`.
    """

    __tablename__ = "past_gift"
    __table_args__ = (
        UniqueConstraint("system", "external_id"),
        CheckConstraint("system <> '' AND external_id <> ''", name="origin"),
        CheckConstraint("refunded >= 0", name="refunded"),
        CheckConstraint("installment > 0", name="installment"),
        Index(
            "ix_past_gift_donor_ref",
            "system",
            "donor_ref",
            postgresql_where=text("donor_ref <> ''"),
        ),
    )

    id: Mapped[Key]
    donation_id: Mapped[int] = mapped_column(ForeignKey("donation.id"), unique=True)
    system: Mapped[str]
    external_id: Mapped[str]
    donor_ref: Mapped[str] = mapped_column(server_default=text("''"))
    plan_ref: Mapped[str] = mapped_column(server_default=text("''"))
    installment: Mapped[int | None] = mapped_column(Integer)
    method: Mapped[str] = mapped_column(server_default=text("''"))
    designation: Mapped[str] = mapped_column(server_default=text("''"))
    charge_id: Mapped[str | None] = mapped_column(unique=True)
    refunded: Mapped[int] = mapped_column(server_default=text("0"))
    receipted_here: Mapped[bool] = mapped_column(server_default=text("false"))
    imported_at: Mapped[datetime] = mapped_column(server_default=func.now())

    donation: Mapped["Donation"] = relationship()


class GiftElsewhere(Base):
    """A monthly or yearly gift that another processor or account still charges: its donor is asked to move it here.

    `amount` is minor units of `currency` per period. `ended_at`: the other system's list says that it ended.
    """

    __tablename__ = "gift_elsewhere"
    __table_args__ = (
        UniqueConstraint("system", "external_id"),
        CheckConstraint("system <> '' AND external_id <> ''", name="origin"),
        CheckConstraint(one_of("frequency", Frequency), name="frequency"),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_gift_elsewhere_donor_id", "donor_id"),
    )

    id: Mapped[Key]
    system: Mapped[str]
    external_id: Mapped[str]
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id"))
    frequency: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    processor: Mapped[str] = mapped_column(server_default=text("''"))
    ended_at: Mapped[datetime | None]
    listed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    donor: Mapped["Donor"] = relationship()
