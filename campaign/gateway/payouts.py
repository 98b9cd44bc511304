"""Read-only calls about payouts: what Stripe sent to the bank, and the items of each payout."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import stripe

from campaign.gateway.answers import PAGE, listed
from campaign.gateway.events import Json, read_instant
from campaign.gateway.refunds_disputes import BalanceTransaction, read_balance_transaction

if TYPE_CHECKING:
    from stripe.params import BalanceTransactionListParams, PayoutListParams


@dataclass(frozen=True)
class StripePayout:
    """A payout: https://docs.stripe.com/api/payouts/object. `amount` is minor units of `currency`.

    `itemized`: Stripe has finished listing its items, or never will because it is a manual payout.
    """

    id: str
    created: datetime
    amount: int
    currency: str
    status: str
    arrival_date: date
    itemized: bool


def read_payout(found: Json) -> StripePayout:
    """Read a `payout` object. Its arrival date is sent as midnight UTC of that day."""
    return StripePayout(
        id=found["id"],
        created=read_instant(found["created"]),
        amount=found["amount"],
        currency=found["currency"],
        status=found["status"],
        arrival_date=datetime.fromtimestamp(found["arrival_date"], UTC).date(),
        itemized=found.get("reconciliation_status") in ("completed", "not_applicable"),
    )


class PayoutsClient:
    """Stripe's payouts. Each call may raise GatewayUnavailable, GatewayMissing or GatewayRefused, at any page."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def list_since(self, moment: datetime) -> Iterator[StripePayout]:
        """Yield every payout created at `moment` or later, newest first."""
        asked: PayoutListParams = {
            "created": {"gte": int(moment.timestamp())},
            "limit": PAGE,
        }
        for found in listed(lambda: self._client.v1.payouts.list(params=asked), asked):
            yield read_payout(found)

    def list_items(self, payout_id: str) -> Iterator[BalanceTransaction]:
        """Yield the balance transactions of a payout, newest first, without the one of the payout itself.

        Stripe lists them for automatic payouts only and rejects the call for others.
        """
        asked: BalanceTransactionListParams = {"payout": payout_id, "limit": PAGE}
        for found in listed(lambda: self._client.v1.balance_transactions.list(params=asked), asked):
            if found["type"] != "payout":
                yield read_balance_transaction(found, read_instant(found["created"]))
