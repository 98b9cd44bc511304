"""Restores of a backup, and the receipt numbers that were given after the backup was made."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Integer, func
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key


class Restoration(Base):
    """A restore of the backup of `backup_made_at`.

    Until `numbers_read_at`, no receipt is issued: numbers above those in the backup may have been given, and Stripe,
    where each number is written, was not asked yet.
    """

    __tablename__ = "restoration"
    id: Mapped[Key]
    backup_made_at: Mapped[datetime]
    restored_at: Mapped[datetime] = mapped_column(server_default=func.now())
    numbers_read_at: Mapped[datetime | None]


class ReservedReceipt(Base):
    """A receipt number that was given after the backup and is not given again, except to the same donation.

    `donation` is the public id that Stripe's metadata names; NULL if it is unknown which gift had the number.
    """

    __tablename__ = "reserved_receipt"
    __table_args__ = (
        CheckConstraint("sequence > 0", name="sequence"),
        Index("ix_reserved_receipt_donation", "donation"),
    )

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    donation: Mapped[str | None]
