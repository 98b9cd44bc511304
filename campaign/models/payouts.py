"""Stripe's payouts to the bank, and reconciliation runs."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key


class Payout(Base):
    """One payout from Stripe to the bank. `amount` is minor units of `currency`; `status` is Stripe's status.

    `items_read_at`: when its balance transactions were read; their `net` then adds up to `amount`. Stripe lists them
    once the payout is `itemized`. `failed_on`: when the bank returned it, possibly after it had arrived.
    https://docs.stripe.com/api/payouts/object
    """

    __tablename__ = "payout"

    id: Mapped[Key]
    stripe_id: Mapped[str] = mapped_column(unique=True)
    amount: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    arrival_date: Mapped[date] = mapped_column(index=True)
    created_at: Mapped[datetime]
    itemized: Mapped[bool] = mapped_column(server_default=text("false"))
    failed_on: Mapped[date | None]
    items_read_at: Mapped[datetime | None]


_OF_GIFTS = ["charge", "payment", "refund", "payment_refund", "refund_failure", "payment_failure_refund",
    "payment_reversal", "adjustment"]  # fmt: skip
OTHER_BALANCE_TRANSACTIONS = f"kind <> ALL (ARRAY{_OF_GIFTS})"
"""SQL for balance transactions that belong to no gift, refund or dispute; as text, to match the partial index.

https://docs.stripe.com/reports/balance-transaction-types
"""


class PayoutItem(Base):
    """A balance transaction in a payout. `source` is the id of its charge, refund or the like, as in ledger entries.

    `donation_id` is set when the item is read or, if the donation is booked later, soon after that.
    """

    __tablename__ = "payout_item"
    __table_args__ = (
        Index(
            "ix_payout_item_other",
            "created_at",
            postgresql_where=text(OTHER_BALANCE_TRANSACTIONS),
        ),
        Index(
            "ix_payout_item_unmatched",
            "created_at",
            postgresql_where=text("donation_id IS NULL"),
        ),
    )

    id: Mapped[Key]
    payout_id: Mapped[int] = mapped_column(ForeignKey("payout.id"), index=True)
    balance_transaction_id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    source: Mapped[str | None] = mapped_column(index=True)
    amount: Mapped[int]
    fee: Mapped[int]
    net: Mapped[int]
    currency: Mapped[str]
    created_at: Mapped[datetime]
    donation_id: Mapped[int | None] = mapped_column(ForeignKey("donation.id"))


class ReconciliationRun(Base):
    """One reconciliation of the ledger with Stripe: its window, its discrepancies (one sentence each), its repairs."""

    __tablename__ = "reconciliation_run"
    __table_args__ = (CheckConstraint("discrepancy_count >= 0 AND repaired >= 0", name="counts"),)

    id: Mapped[Key]
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    since: Mapped[datetime | None]
    requested_by: Mapped[str]
    applied: Mapped[bool] = mapped_column(server_default=text("false"))
    discrepancy_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    repaired: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    discrepancies: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    error: Mapped[str | None] = mapped_column()
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
