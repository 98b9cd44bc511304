"""Statistics for the dashboard and the progress bar. Only the ledger's insert trigger maintains tallies and shards."""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key, one_of
from campaign.models.states import TallyKind


class GiftTally(Base):
    """One of 16 shards of a campaign's totals by one dimension: hour, size, code or frequency.

    `key` depends on `kind`. hour: the entry's hour in the campaign's local time, `2026-12-22T14`; size: the lower bound
    of a 1-2-5 range in minor units (`1000` is $10 up to $20); code: the donation's code, '' for none; frequency: the
    donation's. `amount` is net, as the progress bar counts; `gifts` counts gifts that are not fully refunded;
    `received` and `payments` are the gross amount and count. Amounts are minor units. For each kind, `amount` adds up
    to `raised`.
    """

    __tablename__ = "gift_tally"
    __table_args__ = (
        CheckConstraint(one_of("kind", TallyKind), name="kind"),
        CheckConstraint("shard >= 0 AND shard < 16", name="shard"),
    )

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    amount: Mapped[int] = mapped_column(server_default=text("0"))
    gifts: Mapped[int] = mapped_column(server_default=text("0"))
    received: Mapped[int] = mapped_column(server_default=text("0"))
    payments: Mapped[int] = mapped_column(server_default=text("0"))


class MatchingGift(Base):
    """A sponsor's pledge to add `ratio_percent` of the gifts in [starts_at, ends_at), up to `pool` minor units.

    The matched amount is that share of its shards' `given`, at most the pool; it is shown separately, never as part of
    `raised`. `ended_at`: if staff ended it early, it covers [starts_at, ended_at).
    """

    __tablename__ = "matching_gift"
    __table_args__ = (
        CheckConstraint("pool > 0", name="pool"),
        CheckConstraint("ratio_percent > 0 AND ratio_percent <= 1000", name="ratio_percent"),
        CheckConstraint("ends_at > starts_at", name="window"),
        CheckConstraint("sponsor <> ''", name="sponsor"),
        Index("ix_matching_gift_campaign_id", "campaign_id"),
    )

    id: Mapped[Key]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    sponsor: Mapped[str]
    pool: Mapped[int]
    ratio_percent: Mapped[int] = mapped_column(Integer, server_default=text("100"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class MatchingShard(Base):
    """One of 16 shards of the net amount given in a matching gift's window, in minor units."""

    __tablename__ = "matching_shard"
    __table_args__ = (CheckConstraint("shard >= 0 AND shard < 16", name="shard"),)

    matching_id: Mapped[int] = mapped_column(ForeignKey("matching_gift.id"), primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    given: Mapped[int] = mapped_column(server_default=text("0"))


class CodeVisit(Base):
    """How often the appeal was opened with a code, per day. Counts only: it identifies nobody."""

    __tablename__ = "code_visit"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    visits: Mapped[int] = mapped_column(server_default=text("0"))
