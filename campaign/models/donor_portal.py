"""The donor page: sign-in links, sessions, requests that staff must handle, and the list of erased people."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
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


class ErasedPerson(Base):
    """A person who was erased, so that restoring a backup from before erases them again. It names nobody.

    `donors` are their records as `[id, created_at in RFC 3339]`: after a restore, another person may get the same id.
    `donations` are public ids, `addresses` digests (`core.engine_keys`). `key` identifies the erasure in lists that are
    kept elsewhere. `restored_at`: when a restore brought it in; workers apply it again for a while.
    """

    __tablename__ = "erased_person"
    __table_args__ = (Index("ix_erased_person_donations", "donations", postgresql_using="gin"),)

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(unique=True)
    erased_at: Mapped[datetime]
    donors: Mapped[list[list[object]]] = mapped_column(JSONB, server_default=text("'[]'"))
    donations: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    addresses: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    restored_at: Mapped[datetime | None]
