"""What we know of money that goes back: charges, refunds, disputes and fraud warnings, as Stripe tells of them.

These rows are evidence and may be known before the payment is: `donation_id` is empty until it can be told whose they
are. The ledger books what they say (`ledger.settlement`). Figures only ever grow, so the order of the facts does not
matter.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key, one_of
from campaign.models.states import RefundState


class Charge(Base):
    """A charge that something happened to afterwards.

    `refunded` is the most that Stripe ever said was refunded of it, in minor units; that a refund failed later is told
    by the refund. `returned_at`: the bank took a debit back after it had succeeded.
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
    """A refund, whoever made it. `amount` is minor units of `currency`.

    Ours is written down before Stripe is asked: `request_token` makes two clicks one refund, and goes to Stripe as its
    metadata, so that a call that was cut can be looked up. `created_at` is Stripe's, else the request's.
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
    """A dispute or inquiry. `withdrawn` and `reinstated` are what is known to have been moved, in minor units.

    `status` is Stripe's word (https://docs.stripe.com/api/disputes/object); `balance_transactions` its balance transactions as
    `{"id", "amount", "fee", "created"}`. `due_by`: until then evidence may be sent.
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
    withdrawn: Mapped[int] = mapped_column(server_default=text("0"))
    reinstated: Mapped[int] = mapped_column(server_default=text("0"))
    balance_transactions: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, server_default=text("'[]'")
    )
    opened_at: Mapped[datetime]
    due_by: Mapped[datetime | None]
    as_of: Mapped[datetime]


class FraudWarning(Base):
    """An early fraud warning: it moves no money; refunding in time avoids the dispute and its fee."""

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
    """That Stripe was asked whose payment this is, because a refund or dispute of it came and nobody knew it."""

    __tablename__ = "payment_lookup"

    payment_intent_id: Mapped[str] = mapped_column(primary_key=True)
    ours: Mapped[bool]
    answered_at: Mapped[datetime] = mapped_column(server_default=func.now())
