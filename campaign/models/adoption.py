"""Payments and subscriptions of the Stripe account that did not begin here: taken in by staff, or left alone."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.models.base import Base, Key, one_of
from campaign.models.campaign import Campaign
from campaign.models.states import AccountObject, AdoptionAction


class AdoptionRun(Base):
    """A request of staff to take in, or leave alone, some or all of what a filter finds. A worker carries it out.

    `names` are Stripe's ids; if there are none, it is about everything that the filter (`kind`, `since`, `until`,
    `search`) finds. `search` and `email` may be about a person and are emptied when the run has ended. `refusals` are
    what was refused, as `{"stripe_id", "sentence"}`. A run that dies is continued once `lease_until` has passed.
    """

    __tablename__ = "adoption_run"
    __table_args__ = (
        CheckConstraint(one_of("action", AdoptionAction), name="action"),
        CheckConstraint(one_of("kind", AccountObject), name="kind"),
        CheckConstraint("receipts IN ('newest', 'all', 'none')", name="receipts"),
        CheckConstraint("(action = 'take_in') = (campaign_id IS NOT NULL)", name="campaign_id"),
        CheckConstraint(
            "looked_at >= 0 AND done >= 0 AND known >= 0 AND refused >= 0", name="counts"
        ),
        CheckConstraint("finished_at IS NULL OR (search = '' AND email = '')", name="forgotten"),
        Index("ix_adoption_run_waiting", "id", postgresql_where=text("finished_at IS NULL")),
    )

    id: Mapped[Key]
    requested_by: Mapped[str]
    action: Mapped[str]
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    kind: Mapped[str]
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]
    search: Mapped[str] = mapped_column(server_default=text("''"))
    names: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    email: Mapped[str] = mapped_column(server_default=text("''"))
    receipts: Mapped[str] = mapped_column(server_default=text("'newest'"))
    looked_at: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    done: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    known: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    refused: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    refusals: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    campaign: Mapped["Campaign | None"] = relationship()


class LeftAlone(Base):
    """A payment or subscription that belongs to another use of the account: staff are not asked about it again."""

    __tablename__ = "left_alone"

    stripe_id: Mapped[str] = mapped_column(primary_key=True)
    left_by: Mapped[str]
    left_at: Mapped[datetime] = mapped_column(server_default=func.now())
