"""Stripe's answers as JSON, as it sent them: the SDK's objects convert some values to other types."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from campaign.gateway.error_mapping import translate_errors
from campaign.gateway.events import Json

if TYPE_CHECKING:
    import stripe

PAGE = 100
"""Stripe's limit for one page of a list: https://docs.stripe.com/api/pagination"""


def raw_answer(call: Callable[[], Any]) -> Json:
    """Return the JSON of the answer to `call`. Raises what `translate_errors` raises."""
    answer = translate_errors(call)
    # It is None only on objects that were not returned by an API call.
    return cast("Json", cast("stripe.StripeResponse", answer.last_response).data)


def listed(call: Callable[[], Any], asked: Any) -> Iterator[Json]:
    """Yield each object of a list, one page at a time as needed. `call` sends `asked`, whose start moves on.

    Any page may raise what `translate_errors` raises.
    """
    more: Any = True
    while more:
        page = raw_answer(call)
        for found in page["data"]:
            asked["starting_after"] = found["id"]
            yield found
        more = page["has_more"] and page["data"]
