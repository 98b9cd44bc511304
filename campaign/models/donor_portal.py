"""The donor page: sign-in links, sessions, and requests that staff must handle."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key, one_of


class DonorLinkPurpose(StrEnum):
    """What an emailed link does: sign the donor in, or confirm a new email address."""

    open = "open"
    address = "address"


class DonorLink(Base):
    """A one-time link that was emailed to a donor. Only a digest of its secret is stored.

    It works once, before `expires_at`. `email` is the address that an `address` link confirms, else ''.
    """

    __tablename__ = "donor_link"
    __table_args__ = (
        CheckConstraint(one_of("purpose", DonorLinkPurpose), name="purpose"),
        CheckConstraint("(purpose = 'address') = (email <> '')", name="email"),
    )

    id: Mapped[Key]
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id"), index=True)
    purpose: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(server_default=text("''"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class DonorSession(Base):
    """A browser in which a donor is signed in. `digest` is the digest of the cookie's secret."""

    __tablename__ = "donor_session"

    id: Mapped[Key]
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id"), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class ErasureRequest(Base):
    """A donor's request to erase their personal data. Open until it is done or the donor withdraws it.

    `approved_at`, `approved_by`: when and by whom it was approved; a worker then carries it out.
    """

    __tablename__ = "erasure_request"
    __table_args__ = (
        CheckConstraint("done_at IS NULL OR withdrawn_at IS NULL", name="ended"),
        CheckConstraint("(approved_at IS NULL) = (approved_by = '')", name="approved"),
        Index(
            "uq_erasure_request_donor_id",
            "donor_id",
            unique=True,
            postgresql_where=text("done_at IS NULL AND withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id"))
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    done_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str] = mapped_column(server_default=text("''"))
