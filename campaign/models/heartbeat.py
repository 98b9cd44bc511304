"""When each scheduled job last ran, so that overdue jobs are noticed."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base


class Heartbeat(Base):
    """One row per job: when it last started, when it last succeeded, when it last failed and with what error."""

    __tablename__ = "heartbeat"

    job: Mapped[str] = mapped_column(primary_key=True)
    began_at: Mapped[datetime] = mapped_column(server_default=func.now())
    succeeded_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
