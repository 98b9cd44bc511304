"""Receipts: numbered without gaps, with the wording of the day of issue."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core.link_tokens import LinkToken
from campaign.models.base import LINK_NAME, Base, Key, one_of
from campaign.models.states import ReceiptKind

if TYPE_CHECKING:
    from campaign.models.donation import Donation


_LINK = LinkToken("receipt")


class ReceiptCounter(Base):
    """The last receipt number used in a year. Locking its row keeps the numbers free of gaps."""

    __tablename__ = "receipt_counter"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class ReceiptNote(Base):
    """The request to write a receipt's number to a payment at Stripe; `payment_intent_id` is where it was written.

    What is written is read when it is sent (`receipts.payment_notes`). `error`: Stripe rejected it.
    """

    __tablename__ = "receipt_note"
    __table_args__ = (
        Index(
            "ix_receipt_note_unwritten",
            "receipt_id",
            postgresql_where=text("written_at IS NULL AND error IS NULL"),
        ),
    )

    receipt_id: Mapped[int] = mapped_column(
        ForeignKey("receipt.id"), primary_key=True, autoincrement=False
    )
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    written_at: Mapped[datetime | None]
    payment_intent_id: Mapped[str | None]
    error: Mapped[str | None]


class Receipt(Base):
    """A receipt. `frozen` is a snapshot of all its text and names as issued (see `receipts.receipts`).

    A refund, or a reinstated payment, creates another receipt that replaces the previous one (`replaces_id`). Each is
    replaced at most once, so a donation's receipts form a chain, and the last one is valid. `mailed_at`: when it was
    printed to be mailed to a donor without email.
    """

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("year", "sequence"),
        CheckConstraint("sequence > 0", name="sequence"),
        CheckConstraint(LINK_NAME, name="token"),
        CheckConstraint(one_of("kind", ReceiptKind), name="kind"),
        CheckConstraint("amount >= 0 AND (amount = 0) = (kind = 'void')", name="amount"),
        CheckConstraint("(kind = 'receipt') = (replaces_id IS NULL)", name="replaces"),
        Index(
            "uq_receipt_first",
            "donation_id",
            unique=True,
            postgresql_where=text("kind = 'receipt'"),
        ),
        Index("ix_receipt_donation_id", "donation_id"),
        # In the order of the exports.
        Index("ix_receipt_issued_at", "issued_at", "id"),
        Index("ix_receipt_campaign_id", "campaign_id", "issued_at", "id"),
    )

    id: Mapped[Key]
    year: Mapped[int] = mapped_column(Integer)
    sequence: Mapped[int] = mapped_column(Integer)
    token: Mapped[str] = mapped_column(_LINK, unique=True, default=_LINK.new_token())
    donation_id: Mapped[int] = mapped_column(ForeignKey("donation.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    kind: Mapped[str] = mapped_column(server_default=text("'receipt'"))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("receipt.id"), unique=True)
    amount: Mapped[int]
    currency: Mapped[str]
    gift_date: Mapped[date]
    issued_at: Mapped[datetime] = mapped_column(server_default=func.now())
    mailed_at: Mapped[datetime | None]
    frozen: Mapped[dict[str, Any]] = mapped_column(JSONB)

    donation: Mapped["Donation"] = relationship(back_populates="receipts")
    replaces: Mapped["Receipt | None"] = relationship(
        remote_side="Receipt.id", back_populates="replaced_by"
    )
    replaced_by: Mapped["Receipt | None"] = relationship(back_populates="replaces", uselist=False)

    @property
    def number(self) -> str:
        return f"{self.year}-{self.sequence:06d}"
