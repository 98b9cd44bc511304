"""Read-only calls about payouts: what Stripe sent to the bank, and the items of each payout."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, cast

import stripe

from campaign.gateway.error_mapping import translate_errors
from campaign.gateway.events import Json, read_instant
from campaign.gateway.refunds_disputes import BalanceTransaction, read_balance_transaction

if TYPE_CHECKING:
    from stripe.params import BalanceTransactionListParams, PayoutListParams

_PAGE = 100
"""Stripe's limit for one list."""


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
            "limit": _PAGE,
        }
        more = True
        while more:
            page = _raw(lambda: self._client.v1.payouts.list(params=asked))
            for found in page["data"]:
                yield read_payout(found)
                asked["starting_after"] = found["id"]
            more = page["has_more"] and page["data"]

    def list_items(self, payout_id: str) -> Iterator[BalanceTransaction]:
        """Yield the balance transactions of a payout, newest first, without the one of the payout itself.

        Stripe lists them for automatic payouts only and rejects the call for others.
        """
        asked: BalanceTransactionListParams = {"payout": payout_id, "limit": _PAGE}
        more = True
        while more:
            page = _raw(lambda: self._client.v1.balance_transactions.list(params=asked))
            for found in page["data"]:
                asked["starting_after"] = found["id"]
                if found["type"] != "payout":
                    yield read_balance_transaction(found, read_instant(found["created"]))
            more = page["has_more"] and page["data"]


def _raw(call: Callable[[], Any]) -> Json:
    """Return the JSON as Stripe sent it."""
    answer = translate_errors(call)
    # It is None only on objects that were not returned by an API call.
    return cast("Json", cast("stripe.StripeResponse", answer.last_response).data)
