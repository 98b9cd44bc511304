"""Receipts: numbered without gaps, their wording frozen on the day of issue."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Integer, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.models.base import Base, Key, new_token

if TYPE_CHECKING:
    from campaign.models.donation import Donation


class ReceiptCounter(Base):
    """The last number given out in a year; its row lock makes the series gapless."""

    __tablename__ = "receipt_counter"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class Receipt(Base):
    """What was acknowledged to a donor. `frozen` holds every word and name as issued (see services.receipts)."""

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("year", "sequence"),
        CheckConstraint("sequence > 0", name="sequence"),
        CheckConstraint("amount > 0", name="amount"),
    )

    id: Mapped[Key]
    year: Mapped[int] = mapped_column(Integer)
    sequence: Mapped[int] = mapped_column(Integer)
    token: Mapped[str] = mapped_column(unique=True, default=new_token)
    donation_id: Mapped[int] = mapped_column(ForeignKey("donation.id"), unique=True)
    amount: Mapped[int]
    currency: Mapped[str]
    gift_date: Mapped[date]
    issued_at: Mapped[datetime] = mapped_column(server_default=func.now())
    frozen: Mapped[dict[str, Any]] = mapped_column(JSONB)

    donation: Mapped["Donation"] = relationship(back_populates="receipt")

    @property
    def number(self) -> str:
        return f"{self.year}-{self.sequence:06d}"
