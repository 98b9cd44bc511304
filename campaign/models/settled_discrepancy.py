"""Discrepancies with Stripe that staff have settled."""

from datetime import datetime

from sqlalchemy import CheckConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base


class SettledDiscrepancy(Base):
    """A discrepancy that is right as it is, with the reason; `sentence` is how it was reported.

    The id is derived from both sides (`reconciliation.discrepancies`): with another amount it is another discrepancy.
    """

    __tablename__ = "settled_discrepancy"
    __table_args__ = (CheckConstraint("btrim(reason) <> ''", name="reason"),)

    discrepancy_id: Mapped[str] = mapped_column(primary_key=True)
    donation: Mapped[str]
    sentence: Mapped[str]
    reason: Mapped[str]
    settled_by: Mapped[str]
    settled_at: Mapped[datetime] = mapped_column(server_default=func.now())
