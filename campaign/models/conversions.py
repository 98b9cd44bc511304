"""What Stripe's balance got for a gift in another currency."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, func, text
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key


class Conversion(Base):
    """A balance transaction of a gift that Stripe converted, because the account settles in another currency.

    `settled_amount` (signed) and `fee` are minor units of `settled_currency`, the balance's; the gift's own amount is
    in the ledger, in `currency`. `exchange_rate` is Stripe's: minor units of `settled_currency` for one minor unit of
    `currency`; people know the rate of whole units, `money.major_rate`.
    `kind` and `source` are as in the ledger. A gift that settles in its own currency has no rows here.
    https://docs.stripe.com/api/balance_transactions/object#balance_transaction_object-exchange_rate
    """

    __tablename__ = "conversion"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('payment', 'payment_reversed', 'refund', 'refund_failed', 'dispute', 'dispute_reversed',"
            " 'dispute_gain_loss')",
            name="kind",
        ),
        CheckConstraint("settled_amount <> 0", name="amount"),
        CheckConstraint("exchange_rate > 0", name="rate"),
        CheckConstraint(
            "currency ~ '^[a-z]{3}$' AND settled_currency ~ '^[a-z]{3}$' AND currency <> settled_currency",
            name="currencies",
        ),
    )

    id: Mapped[Key]
    donation_id: Mapped[int] = mapped_column(ForeignKey("donation.id"), index=True)
    balance_transaction_id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    source: Mapped[str]
    currency: Mapped[str]
    settled_amount: Mapped[int]
    settled_currency: Mapped[str]
    exchange_rate: Mapped[Decimal | None] = mapped_column(Numeric())
    fee: Mapped[int] = mapped_column(server_default=text("0"))
    converted_at: Mapped[datetime] = mapped_column(index=True)
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
