"""Stripe's answers as JSON, as it sent them: the SDK's objects convert some values to other types."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from campaign.gateway.error_mapping import translate_errors
from campaign.gateway.events import Json

if TYPE_CHECKING:
    import stripe


def raw_answer(call: Callable[[], Any]) -> Json:
    """Return the JSON of the answer to `call`. Raises what `translate_errors` raises."""
    answer = translate_errors(call)
    # It is None only on objects that were not returned by an API call.
    return cast("Json", cast("stripe.StripeResponse", answer.last_response).data)
