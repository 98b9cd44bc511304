"""What is counted besides the sum, for the dashboard and the bar. Kept by the ledger's insert trigger alone."""

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
    """A sixteenth of a campaign's sum by one of its aspects: by hour, by size, by code, by frequency.

    `key` is by `kind`: hour `2026-12-22T14` on the campaign's wall clock, of the movement; size the lower edge of a
    1-2-5 band in minor units (`1000` holds $10 up to $20); code the donation's, '' for none; frequency its own.
    `amount` is net, as the bar counts; `gifts` are those of which anything is left; `received` and `payments` count
    what came, whatever became of it. All four are minor units or counts. For each kind, `amount` sums to `raised`.
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
    """A sponsor's promise to add `ratio_percent` of what is given in [starts_at, ends_at), up to `pool` minor units.

    What it has come to is the least of the pool and that share of its shards' `given`; it is counted apart, never in
    what is raised. `ended_at`: staff ended it early; it then covers [starts_at, ended_at).
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
    """A sixteenth of what was given, net, by the gifts charged in a matching gift's window. Minor units."""

    __tablename__ = "matching_shard"
    __table_args__ = (CheckConstraint("shard >= 0 AND shard < 16", name="shard"),)

    matching_id: Mapped[int] = mapped_column(ForeignKey("matching_gift.id"), primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    given: Mapped[int] = mapped_column(server_default=text("0"))


class CodeVisit(Base):
    """How often the appeal was opened by an address with a code, a day. Counts only: nobody is recognised by it."""

    __tablename__ = "code_visit"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    visits: Mapped[int] = mapped_column(server_default=text("0"))
