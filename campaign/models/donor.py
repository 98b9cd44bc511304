"""Donors, identified by email address."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key


class Donor(Base):
    """A person, identified by email address, ignoring case.

    Without an email address, `email` is '' and staff identify the person by name and postal address. `address` is the
    postal address, with lines separated by newlines. `merged_into_id`: staff merged this record into that one, the
    canonical donor (see `DonorMerge`); a trigger ensures that the canonical donor is not itself merged. `erased_at`:
    when the personal data was erased; only the ledger remains. `words` is the search vector, which the database
    computes.
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
    """A donor who gave to a campaign. Only the ledger's insert trigger writes it.

    `remaining_gifts` counts the donor's gifts to the campaign that are not fully refunded; it may be 0. `gave_before`:
    the donor had given to another campaign before the first of these gifts.
    """

    __tablename__ = "campaign_donor"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id"), primary_key=True)
    remaining_gifts: Mapped[int] = mapped_column(server_default=text("0"))
    gave_before: Mapped[bool] = mapped_column(server_default=text("false"))
