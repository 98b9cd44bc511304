"""Stripe's errors as ours, by what can be done about them. For the gateway's own modules."""

from collections.abc import Callable
from typing import TypeVar

import stripe

from campaign.core.errors import (
    GatewayBusy,
    GatewayKeySpent,
    GatewayMissing,
    GatewayRefused,
    GatewayThrottled,
    GatewayUnavailable,
)

Answer = TypeVar("Answer")


def translate_errors(call: Callable[[], Answer]) -> Answer:
    """Run `call`, turning the SDK's errors into ours by what can be done about them."""
    try:
        return call()
    except stripe.APIConnectionError as error:
        raise GatewayUnavailable(f"Stripe cannot be reached: {_words(error)}") from error
    except stripe.RateLimitError as error:
        kind = GatewayKeySpent if _was_kept(error) else GatewayThrottled
        raise kind(f"Stripe asks us to slow down: {_words(error)}") from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise GatewayUnavailable(f"Stripe refuses our key: {_words(error)}") from error
    except stripe.StripeError as error:
        raise _by_status(error) from error


def _was_kept(error: stripe.StripeError) -> bool:
    """Whether this is the answer of an earlier request, kept under its key: then no other will ever come."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return headers.get("idempotent-replayed") == "true"


def _words(error: stripe.StripeError) -> str:
    """The SDK breaks its sentences into lines; whoever shows ours wants one."""
    return " ".join((error.user_message or "").split())


def _by_status(error: stripe.StripeError) -> Exception:
    words = f"{error.code or type(error).__name__}: {_words(error)}"
    failed = GatewayKeySpent(f"Stripe failed ({words}).")
    if error.http_status == 409 or error.code == "idempotency_key_in_use":
        busy = GatewayBusy(f"Stripe is still at the same request ({words}).")
        return failed if _was_kept(error) else busy
    if isinstance(error, stripe.IdempotencyError):
        return GatewayKeySpent(f"The key was used with other parameters ({words}).")
    if (error.http_status or 0) >= 500:
        return failed
    if error.code == "resource_missing":
        return GatewayMissing(f"Stripe does not know it ({words}).")
    return GatewayRefused(f"Stripe refused the request ({words}).")
