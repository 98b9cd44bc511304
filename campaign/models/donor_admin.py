"""What staff add to donations and donors: notes, merges and review marks."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key


class Note(Base):
    """A staff note about a donor or a donation. Never changed; another note corrects it."""

    __tablename__ = "note"
    __table_args__ = (
        CheckConstraint("(donor_id IS NULL) <> (donation_id IS NULL)", name="about"),
        CheckConstraint("text <> ''", name="text"),
    )

    id: Mapped[Key]
    donor_id: Mapped[int | None] = mapped_column(ForeignKey("donor.id"), index=True)
    donation_id: Mapped[int | None] = mapped_column(ForeignKey("donation.id"), index=True)
    text: Mapped[str]
    written_by: Mapped[str]
    written_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DonorMerge(Base):
    """A merge of two donor records of one person. `Donor.merged_into_id` points from `merged_id` to `kept_id`.

    Nothing is moved, so undoing loses nothing: readers follow the pointer, and undoing clears it. `carried` records
    what else was changed, to restore it: `{"repointed": [donor ids]}`.
    """

    __tablename__ = "donor_merge"
    __table_args__ = (
        CheckConstraint("kept_id <> merged_id", name="two"),
        CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone"),
        Index(
            "uq_donor_merge_current",
            "merged_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    kept_id: Mapped[int] = mapped_column(ForeignKey("donor.id"), index=True)
    merged_id: Mapped[int] = mapped_column(ForeignKey("donor.id"))
    carried: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    merged_by: Mapped[str]
    merged_at: Mapped[datetime] = mapped_column(server_default=func.now())
    undone_by: Mapped[str | None]
    undone_at: Mapped[datetime | None]


class Acknowledgment(Base):
    """An item of the review queue that staff marked as reviewed: a dispute, a fraud warning, an undelivered email."""

    __tablename__ = "acknowledgment"
    __table_args__ = (UniqueConstraint("kind", "key"),)

    id: Mapped[Key]
    kind: Mapped[str]
    key: Mapped[str]
    acknowledged_by: Mapped[str]
    acknowledged_at: Mapped[datetime] = mapped_column(server_default=func.now())
