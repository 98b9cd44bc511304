"""What Stripe knows about one payment."""

from dataclasses import dataclass

from campaign.gateway.events import PaymentIntent
from campaign.gateway.refunds_disputes import BalanceTransaction, StripeCharge


@dataclass(frozen=True)
class PaymentFact:
    """A payment intent as it is now, its latest charge, and that charge's balance transaction, if any."""

    intent: PaymentIntent
    charge: StripeCharge | None
    balance_transaction: BalanceTransaction | None
