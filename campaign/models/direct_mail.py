"""Recipients of direct mail in institutions, to identify the donor of a returned coupon."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key


class DirectMailPiece(Base):
    """A person to whom a campaign's printed appeal is mailed. Purged some time after the result is final.

    `code` is the part of the coupon code that identifies the person (`offline.coupon_codes`); it stays the same when
    the appeal is printed again. `number` is the institution's number for the person, '' for none; `address` is the
    institution's, with lines separated by newlines. `printed_at`: when it was last printed.
    """

    __tablename__ = "direct_mail_piece"
    __table_args__ = (
        CheckConstraint("name <> '' AND institution <> '' AND address <> ''", name="whole"),
        UniqueConstraint("campaign_id", "code"),
        Index(
            "uq_direct_mail_piece_person",
            "campaign_id",
            text("lower(name)"),
            text("lower(number)"),
            text("lower(institution)"),
            unique=True,
        ),
    )

    id: Mapped[Key]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    code: Mapped[str]
    name: Mapped[str]
    number: Mapped[str] = mapped_column(server_default=text("''"))
    institution: Mapped[str]
    address: Mapped[str]
    locale: Mapped[str] = mapped_column(server_default=text("'en'"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    printed_at: Mapped[datetime] = mapped_column(server_default=func.now())
