"""Gifts by check, cash, donor-advised fund or stock, and the bank deposits of checks and cash."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.models.base import Base, Key, one_of
from campaign.models.donation import Donation
from campaign.models.states import OfflineKind, ReversalReason


class DepositBatch(Base):
    """Checks and cash deposited together. Once it is closed, a trigger rejects changes to its gifts."""

    __tablename__ = "deposit_batch"
    __table_args__ = (
        CheckConstraint(
            "(closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (deposited_on IS NULL)",
            name="closed",
        ),
        CheckConstraint("name <> ''", name="name"),
        Index("uq_deposit_batch_lower_name", text("lower(name)"), unique=True),
    )

    id: Mapped[Key]
    name: Mapped[str]
    currency: Mapped[str]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    closed_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    deposited_on: Mapped[date | None]
    bank_reference: Mapped[str] = mapped_column(server_default=text("''"))


class OfflineGift(Base):
    """A donation outside Stripe: by check, cash, donor-advised fund or stock.

    Its donation is paid, and its payment in the ledger has the source `offline:<reference>`. `reference` (check number
    and bank, or a name that staff choose) is unique ignoring case, so that no gift counts twice; only a gift entered by
    mistake frees its reference. `received_on` and `postmarked_on` are dates in the campaign's time zone
    (`donations.gift_dates` chooses the gift's date from them). `description`: which shares were given, or by which
    donor-advised fund. `entry_token` prevents a second gift if the form is submitted twice. `reversed_on` is the date
    of the reversal and `reversal_reason` its reason.
    """

    __tablename__ = "offline_gift"
    __table_args__ = (
        CheckConstraint(one_of("kind", OfflineKind), name="kind"),
        CheckConstraint("reference <> ''", name="reference"),
        CheckConstraint("postmarked_on <= received_on", name="postmarked_on"),
        CheckConstraint(one_of("reversal_reason", ReversalReason), name="reversal_reason"),
        CheckConstraint("(reversed_on IS NULL) = (reversal_reason IS NULL)", name="reversed_on"),
        Index(
            "uq_offline_gift_lower_reference",
            text("lower(reference)"),
            unique=True,
            postgresql_where=text("reversal_reason IS DISTINCT FROM 'mistake'"),
        ),
        Index("ix_offline_gift_received_on", "received_on"),
    )

    id: Mapped[Key]
    donation_id: Mapped[int] = mapped_column(ForeignKey("donation.id"), unique=True)
    kind: Mapped[str]
    reference: Mapped[str]
    received_on: Mapped[date]
    postmarked_on: Mapped[date | None]
    description: Mapped[str] = mapped_column(server_default=text("''"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("deposit_batch.id"), index=True)
    entered_by: Mapped[str]
    entry_token: Mapped[str | None] = mapped_column(unique=True)
    reversed_on: Mapped[date | None]
    reversal_reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    donation: Mapped["Donation"] = relationship()
    batch: Mapped["DepositBatch | None"] = relationship()
