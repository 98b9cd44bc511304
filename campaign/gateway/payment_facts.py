"""What is known of one payment at Stripe."""

from dataclasses import dataclass

from campaign.gateway.events import PaymentIntent
from campaign.gateway.refunds_disputes import BalanceTransaction, StripeCharge


@dataclass(frozen=True)
class PaymentFact:
    """A payment intent as it stands, its latest charge, and what that charge moved, where it moved anything."""

    intent: PaymentIntent
    charge: StripeCharge | None
    balance_transaction: BalanceTransaction | None
