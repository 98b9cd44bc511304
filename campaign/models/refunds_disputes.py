"""Evidence from Stripe about returned money: charges, refunds, disputes and fraud warnings.

The evidence may arrive before its payment: `donation_id` is NULL until the donation is known. The ledger books what
the evidence implies (`ledger.settlement`). Amounts only ever grow, so the order of arrival does not matter.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key, one_of
from campaign.models.states import RefundState


class Charge(Base):
    """A charge that was refunded or reversed.

    `refunded` is the highest refunded total that Stripe reported, in minor units; a refund that failed later is
    recorded in its `Refund`. `returned_at`: when the bank reversed a debit that had succeeded.
    """

    __tablename__ = "charge"
    __table_args__ = (
        CheckConstraint("amount >= 0 AND refunded >= 0 AND refunded <= amount", name="amount"),
        Index("ix_charge_payment_intent_id", "payment_intent_id"),
        Index("ix_charge_donation_id", "donation_id"),
    )

    id: Mapped[Key]
    stripe_id: Mapped[str] = mapped_column(unique=True)
    payment_intent_id: Mapped[str | None]
    donation_id: Mapped[int | None] = mapped_column(ForeignKey("donation.id"))
    amount: Mapped[int]
    refunded: Mapped[int] = mapped_column(server_default=text("0"))
    currency: Mapped[str]
    refunded_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]


class Refund(Base):
    """A refund, made here or at Stripe. `amount` is minor units of `currency`.

    Our own is saved before Stripe is called: `request_token` makes two clicks one refund, and is sent as metadata, so
    that the refund can be found after an interrupted call. `created_at` is Stripe's time, else the request's.
    """

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint(one_of("state", RefundState), name="state"),
        CheckConstraint("stripe_id IS NOT NULL OR request_token IS NOT NULL", name="origin"),
        CheckConstraint("state IN ('requested', 'refused') OR stripe_id IS NOT NULL", name="known"),
        Index("ix_refund_payment_intent_id", "payment_intent_id"),
        Index("ix_refund_donation_id", "donation_id"),
    )

    id: Mapped[Key]
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    request_token: Mapped[str | None] = mapped_column(unique=True)
    donation_id: Mapped[int | None] = mapped_column(ForeignKey("donation.id"))
    payment_intent_id: Mapped[str | None]
    charge_id: Mapped[str | None]
    amount: Mapped[int]
    currency: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    failure_reason: Mapped[str | None]
    requested_by: Mapped[str | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Dispute(Base):
    """A dispute or inquiry. `withdrawn` and `reinstated`: how much of its own `amount` the bank took and gave back.

    `status` is Stripe's latest status, as of `as_of` (https://docs.stripe.com/api/disputes/object); `appealed`: it
    follows an appeal of a lost dispute, or is one. `balance_transactions` are Stripe's, in the balance's currency, as
    `{"id", "amount", "fee", "currency", "created", "category"}`, with `"adjustment": true` if it came back although the
    dispute was lost. `due_by`: the deadline for submitting evidence.
    """

    __tablename__ = "dispute"
    __table_args__ = (
        CheckConstraint("amount >= 0 AND withdrawn >= 0 AND reinstated >= 0", name="amount"),
        Index("ix_dispute_payment_intent_id", "payment_intent_id"),
        Index("ix_dispute_donation_id", "donation_id"),
    )

    id: Mapped[Key]
    stripe_id: Mapped[str] = mapped_column(unique=True)
    donation_id: Mapped[int | None] = mapped_column(ForeignKey("donation.id"))
    payment_intent_id: Mapped[str | None]
    charge_id: Mapped[str | None]
    amount: Mapped[int]
    currency: Mapped[str]
    reason: Mapped[str]
    status: Mapped[str]
    appealed: Mapped[bool] = mapped_column(server_default=text("false"))
    withdrawn: Mapped[int] = mapped_column(server_default=text("0"))
    reinstated: Mapped[int] = mapped_column(server_default=text("0"))
    balance_transactions: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, server_default=text("'[]'")
    )
    opened_at: Mapped[datetime]
    due_by: Mapped[datetime | None]
    as_of: Mapped[datetime]


class FraudWarning(Base):
    """An early fraud warning. It moves no money; a prompt refund avoids the dispute and its fee."""

    __tablename__ = "fraud_warning"
    __table_args__ = (
        Index("ix_fraud_warning_payment_intent_id", "payment_intent_id"),
        Index("ix_fraud_warning_donation_id", "donation_id"),
    )

    id: Mapped[Key]
    stripe_id: Mapped[str] = mapped_column(unique=True)
    donation_id: Mapped[int | None] = mapped_column(ForeignKey("donation.id"))
    payment_intent_id: Mapped[str | None]
    charge_id: Mapped[str | None]
    fraud_type: Mapped[str]
    actionable: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime]


class PaymentLookup(Base):
    """The last time Stripe was asked which donation a payment belongs to, and whether it is ours."""

    __tablename__ = "payment_lookup"

    payment_intent_id: Mapped[str] = mapped_column(primary_key=True)
    ours: Mapped[bool]
    answered_at: Mapped[datetime] = mapped_column(server_default=func.now())
