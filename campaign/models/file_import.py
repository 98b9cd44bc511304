"""Files of other systems that staff uploaded: checked first, then imported by a worker, then forgotten."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key, one_of
from campaign.models.states import FileImportState


class FileImport(Base):
    """One upload. `options` is what staff said about the file; `report` is how it was read and what became of it.

    A worker checks it (a dry run) and, once staff confirm, imports it. `rows` grows meanwhile. A run that dies is begun
    again once `lease_until` has passed. The file itself is in `FileImportPart` until it is imported.
    """

    __tablename__ = "file_import"
    __table_args__ = (
        CheckConstraint(one_of("state", FileImportState), name="state"),
        CheckConstraint("size > 0 AND rows >= 0", name="counts"),
        CheckConstraint(
            "(state IN ('done', 'failed')) = (finished_at IS NOT NULL)", name="finished"
        ),
        Index(
            "ix_file_import_waiting",
            "id",
            postgresql_where=text("state IN ('checking', 'importing')"),
        ),
    )

    id: Mapped[Key]
    kind: Mapped[str]
    file_name: Mapped[str]
    size: Mapped[int]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    state: Mapped[str] = mapped_column(server_default=text("'checking'"))
    rows: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    error: Mapped[str | None]
    requested_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class FileImportPart(Base):
    """A piece of an uploaded file, in order. Deleted once the file is imported or discarded."""

    __tablename__ = "file_import_part"

    file_import_id: Mapped[int] = mapped_column(ForeignKey("file_import.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
