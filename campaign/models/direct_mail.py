"""Appeals that were printed for the post, to readers in institutions: whose coupon it is that comes back."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key


class DirectMailPiece(Base):
    """One reader to whom a campaign's appeal is posted. Forgotten some time after the result is final.

    `code` is the part of the coupon's code that names them (`offline.coupon_codes`); printed again, it stays.
    `number` is the one under which the institution knows them, '' for none; `address` the institution's, its lines
    parted by new lines. `printed_at`: last.
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
