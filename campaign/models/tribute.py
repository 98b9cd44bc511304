"""A card that informs a person of a gift in their honor, or in memory of someone close to them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key, one_of


class CardDelivery(StrEnum):
    """How a card is sent."""

    email = "email"
    post = "post"


class TributeCard(Base):
    """A donation's tribute card, at most one. Once the donation is paid, it is emailed or printed with other mail.

    `name` is the recipient, `sender` the person it is from, `message` the donor's optional text. `mailed_at`: when it
    was printed in a batch. Whether it may be sent is checked against the donation at that time.
    """

    __tablename__ = "tribute_card"
    __table_args__ = (
        CheckConstraint(one_of("delivery", CardDelivery), name="delivery"),
        CheckConstraint("(delivery = 'email') = (email <> '')", name="email"),
        CheckConstraint("(delivery = 'post') = (address <> '')", name="address"),
        Index("ix_tribute_card_email", text("lower(email)"), postgresql_where=text("email <> ''")),
        Index(
            "ix_tribute_card_unmailed",
            "id",
            postgresql_where=text("delivery = 'post' AND mailed_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    donation_id: Mapped[int] = mapped_column(ForeignKey("donation.id"), unique=True)
    delivery: Mapped[str]
    name: Mapped[str]
    email: Mapped[str] = mapped_column(server_default=text("''"))
    address: Mapped[str] = mapped_column(server_default=text("''"))
    message: Mapped[str] = mapped_column(server_default=text("''"))
    sender: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    mailed_at: Mapped[datetime | None]
