"""The ledger, append-only by trigger, and the totals that its insert trigger maintains."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key, one_of
from campaign.models.states import LedgerKind


class LedgerEntry(Base):
    """One ledger entry. A trigger rejects updates and deletes.

    `amount` is the gift's part in signed minor units of `currency`, which the campaign counts; `fee_cover` is the part
    of the fees that the donor covered; their sum is what moved. `fee` is what Stripe or the bank kept, in `currency`:
    for `fee` and `dispute_gain_loss` that is the balance's currency, for the others the gift's. `source` is the id of
    the Stripe object, or the check, behind it: (kind, source) is unique, so nothing is booked twice.
    `balance_transaction_id` is Stripe's balance transaction, if this entry books its fee. `campaign_id` is NULL if the
    charge is outside the campaign's window or the result was already final. `reason` and `recorded_by` explain a
    correction and name its author. `past`: booked elsewhere before the newsroom moved here (`PastGift`); it counts for
    donors and campaigns, but is no movement of money in these books.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("kind", "source"),
        CheckConstraint(one_of("kind", LedgerKind), name="kind"),
        CheckConstraint("kind <> 'payment' OR (amount > 0 AND fee_cover >= 0)", name="payment"),
        CheckConstraint(
            "kind NOT IN ('payment_reversed', 'refund', 'dispute') OR (amount <= 0 AND fee_cover <= 0)",
            name="out",
        ),
        CheckConstraint(
            "kind NOT IN ('refund_failed', 'dispute_reversed') OR (amount >= 0 AND fee_cover >= 0)",
            name="back",
        ),
        CheckConstraint(
            "kind NOT IN ('fee', 'dispute_gain_loss') OR (amount = 0 AND fee_cover = 0)", name="fee"
        ),
        CheckConstraint(
            "(kind = 'correction') = (reason IS NOT NULL AND recorded_by IS NOT NULL)",
            name="correction",
        ),
        CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency"),
        Index(
            "uq_ledger_entry_one_payment",
            "donation_id",
            unique=True,
            postgresql_where=text("kind = 'payment'"),
        ),
        # In the order of the exports, with the columns that reports sum.
        Index(
            "ix_ledger_entry_campaign_id",
            "campaign_id",
            "recorded_at",
            "id",
            postgresql_include=["kind", "amount", "fee_cover", "fee"],
        ),
        Index("ix_ledger_entry_recorded_at", "recorded_at", "id"),
        Index("ix_ledger_entry_occurred_at", "occurred_at"),
        Index("ix_ledger_entry_donation_id", "donation_id"),
        # Renewals between campaigns, which include the late payments.
        Index(
            "ix_ledger_entry_uncounted_payment",
            "occurred_at",
            postgresql_where=text("campaign_id IS NULL AND kind = 'payment'"),
        ),
        # Refunds, disputes and reversals that count toward no campaign: few, and read by every dashboard.
        Index(
            "ix_ledger_entry_uncounted",
            "id",
            postgresql_where=text(
                "campaign_id IS NULL AND kind NOT IN ('payment', 'fee', 'correction')"
            ),
        ),
    )

    id: Mapped[Key]
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    donation_id: Mapped[int] = mapped_column(ForeignKey("donation.id"))
    kind: Mapped[str]
    amount: Mapped[int]
    fee_cover: Mapped[int] = mapped_column(server_default=text("0"))
    fee: Mapped[int] = mapped_column(server_default=text("0"))
    currency: Mapped[str]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    source: Mapped[str]
    balance_transaction_id: Mapped[str | None] = mapped_column(unique=True)
    reason: Mapped[str | None]
    recorded_by: Mapped[str | None]
    past: Mapped[bool] = mapped_column(server_default=text("false"))


class ProgressShard(Base):
    """One of 16 shards of a campaign's totals, so that concurrent payments do not wait for one row.

    Only the ledger's insert trigger writes it. `gave_before` counts those of `donors` who gave to another campaign
    before.
    """

    __tablename__ = "progress_shard"
    __table_args__ = (CheckConstraint("shard >= 0 AND shard < 16", name="shard"),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    raised: Mapped[int] = mapped_column(server_default=text("0"))
    donations: Mapped[int] = mapped_column(server_default=text("0"))
    donors: Mapped[int] = mapped_column(server_default=text("0"))
    gave_before: Mapped[int] = mapped_column(server_default=text("0"))
