"""The people who give, known by their address."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key


class Donor(Base):
    """A person, found by email address without regard to case; '' where there is none, and then by post.

    `address` is postal, its lines parted by new lines. `merged_into_id`: staff found this to be the same person as
    that row, which then speaks for both (see `DonorMerge`); it never points to a row that is itself merged: a trigger
    refuses. `erased_at`: the person was removed then, and only the books are left. `words` is what a search finds the
    row by; the database makes them.
    """

    __tablename__ = "donor"
    __table_args__ = (
        Index(
            "uq_donor_lower_email",
            text("lower(email)"),
            unique=True,
            postgresql_where=text("email <> ''"),
        ),
        Index(
            "ix_donor_lower_name_by_mail",
            text("lower(name)"),
            postgresql_where=text("email = ''"),
        ),
        Index("ix_donor_words", "words", postgresql_using="gin"),
        CheckConstraint("merged_into_id <> id", name="merged_into_id"),
        CheckConstraint(
            "erased_at IS NULL OR (email = '' AND name = '' AND address = '')", name="erased"
        ),
        Index(
            "ix_donor_merged_into_id",
            "merged_into_id",
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
    )

    id: Mapped[Key]
    email: Mapped[str]
    name: Mapped[str]
    address: Mapped[str] = mapped_column(server_default=text("''"))
    locale: Mapped[str] = mapped_column(server_default=text("'en'"))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("donor.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    erased_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(
            "search_words(((((name || ' '::text) || email) || ' '::text) || address))",
            persisted=True,
        ),
        nullable=True,
        deferred=True,
    )


class CampaignDonor(Base):
    """That a donor's money has reached a campaign; written by the ledger's insert trigger only.

    `remaining_gifts` counts the donor's gifts there of which anything is left; 0 where all went back. `gave_before`: when the
    first of them came, the donor had given to another campaign.
    """

    __tablename__ = "campaign_donor"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id"), primary_key=True)
    remaining_gifts: Mapped[int] = mapped_column(server_default=text("0"))
    gave_before: Mapped[bool] = mapped_column(server_default=text("false"))
