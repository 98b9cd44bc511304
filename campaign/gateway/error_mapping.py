"""Map Stripe's errors to ours, by what the caller can do about them. For the gateway's own modules."""

import re
from collections.abc import Callable
from typing import TypeVar

import stripe

from campaign.core.errors import (
    GatewayBusy,
    GatewayForbidden,
    GatewayKeySpent,
    GatewayMissing,
    GatewayRefused,
    GatewayThrottled,
    GatewayUnavailable,
)
from campaign.core.refused_parts import RefusedPart

Answer = TypeVar("Answer")

_PERMISSION = re.compile(r"\brak_\w+")
"""A permission that a restricted key lacks, as Stripe's message names it: https://docs.stripe.com/keys/restricted-api-keys."""


def translate_errors(call: Callable[[], Answer]) -> Answer:
    """Run `call` and raise our own errors in place of the SDK's."""
    try:
        return call()
    except stripe.APIConnectionError as error:
        raise GatewayUnavailable(f"Stripe cannot be reached: {_message(error)}") from error
    except stripe.RateLimitError as error:
        kind = GatewayKeySpent if _was_replayed(error) else GatewayThrottled
        raise kind(f"Stripe is limiting our requests: {_message(error)}") from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        message = _message(error)
        named = _PERMISSION.search(message)
        raise GatewayForbidden(
            f"Stripe rejected our API key: {message}", named.group() if named else ""
        ) from error
    except stripe.StripeError as error:
        raise _by_status(error) from error


def _was_replayed(error: stripe.StripeError) -> bool:
    """Return whether this answer was replayed for an idempotency key: then the key never gets another answer."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return headers.get("idempotent-replayed") == "true"


def _message(error: stripe.StripeError) -> str:
    """Return the SDK's message as one line; it may contain line breaks."""
    return " ".join((error.user_message or "").split())


def _by_status(error: stripe.StripeError) -> Exception:
    message = f"{error.code or type(error).__name__}: {_message(error)}"
    failed = GatewayKeySpent(f"Stripe failed ({message}).")
    if error.http_status == 409 or error.code == "idempotency_key_in_use":
        busy = GatewayBusy(f"Stripe is still processing the same request ({message}).")
        return failed if _was_replayed(error) else busy
    if isinstance(error, stripe.IdempotencyError):
        return GatewayKeySpent(f"The idempotency key was used with other parameters ({message}).")
    if (error.http_status or 0) >= 500:
        return failed
    if error.code == "resource_missing":
        return GatewayMissing(f"Stripe has no such object ({message}).")
    return GatewayRefused(f"Stripe rejected the request ({message}).", _refused_part(error))


def _refused_part(error: stripe.StripeError) -> RefusedPart:
    """Return what Stripe objects to, from its code, else from the parameter that it names.

    https://docs.stripe.com/error-codes. The minimum is that of the currency the balance is kept in, so an amount can
    be too small although it is above the minimum of its own currency:
    https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
    """
    code, param = error.code or "", str(getattr(error, "param", None) or "")
    if code in {"amount_too_small", "amount_too_large"}:
        return RefusedPart(code)
    if code == "email_invalid" or "email" in param:
        return RefusedPart.email
    if "currency" in param or "currency" in code:
        return RefusedPart.currency
    return RefusedPart.unknown
