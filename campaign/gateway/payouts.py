"""Calls about payouts: what Stripe sent to the bank, and what each was made of. They only read."""

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
    """A payout as it stands: https://docs.stripe.com/api/payouts/object. `amount` is minor units of `currency`.

    `itemized`: Stripe can tell now what it was made of, or never will, as somebody made it by hand.
    """

    id: str
    created: datetime
    amount: int
    currency: str
    status: str
    arrival_date: date
    itemized: bool


def read_payout(found: Json) -> StripePayout:
    """A `payout` object. Its arrival is a day, told as that day's first second in UTC."""
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
        """Every payout made at `moment` or later, the newest first."""
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
        """What a payout paid out, the newest first, without the payout's own movement.

        Stripe tells it of automatic payouts only, and refuses for others.
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
    """The answer as Stripe sent it."""
    answer = translate_errors(call)
    # The SDK leaves it empty only in objects made by hand.
    return cast("Json", cast("stripe.StripeResponse", answer.last_response).data)
