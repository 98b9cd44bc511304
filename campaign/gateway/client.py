"""Calls to Stripe. Every one has a timeout fit for a web request; every POST an idempotency key of ours."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import stripe

from campaign.errors import (
    GatewayBusy,
    GatewayKeySpent,
    GatewayRefused,
    GatewayUnavailable,
)
from campaign.gateway.events import CheckoutSession, read_checkout_session

_Answer = TypeVar("_Answer")

TIMEOUT = 8
"""Seconds for one try. With two retries a donor waits at most about half a minute before the page that says why."""

RETRIES = 2

_EXPANDED = ["payment_intent.latest_charge", "invoice"]


class StripeGateway:
    """Stripe, for one secret key. Safe to share between threads."""

    def __init__(self, secret_key: str, api_base: str, *, timeout: float = TIMEOUT) -> None:
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base},
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=timeout),
        )

    def create_checkout_session(
        self, parameters: Mapping[str, Any], idempotency_key: str
    ) -> CheckoutSession:
        """Open a hosted session. Raises GatewayUnavailable, GatewayKeySpent, GatewayBusy or GatewayRefused."""
        return _session(
            lambda: self._client.v1.checkout.sessions.create(
                params=parameters,  # type: ignore[arg-type] # read back from our own table, where its shape was persisted
                options={"idempotency_key": idempotency_key},
            )
        )

    def retrieve_checkout_session(self, session_id: str) -> CheckoutSession:
        """The session as Stripe has it now, with its charge; raises GatewayUnavailable or GatewayRefused."""
        return _session(
            lambda: self._client.v1.checkout.sessions.retrieve(
                session_id, params={"expand": _EXPANDED}
            )
        )


def _session(call: Callable[[], stripe.checkout.Session]) -> CheckoutSession:
    return read_checkout_session(_translated(call).to_dict())


def _translated(call: Callable[[], _Answer]) -> _Answer:
    """Run `call`, turning the SDK's errors into ours by what can be done about them."""
    try:
        return call()
    except stripe.APIConnectionError as error:
        raise GatewayUnavailable(f"Stripe cannot be reached: {error.user_message}") from error
    except stripe.RateLimitError as error:
        # Nothing was done, so another key is as safe; and whoever keeps answers may have kept this one.
        raise GatewayKeySpent(f"Stripe asks us to slow down: {error.user_message}") from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise GatewayUnavailable(f"Stripe refuses our key: {error.user_message}") from error
    except stripe.StripeError as error:
        raise _by_status(error) from error


def _by_status(error: stripe.StripeError) -> Exception:
    words = f"{error.code or type(error).__name__}: {error.user_message}"
    status = error.http_status or 0
    if status == 409 or error.code == "idempotency_key_in_use":
        return GatewayBusy(f"Stripe is still at the same request ({words}).")
    if isinstance(error, stripe.IdempotencyError):
        return GatewayKeySpent(f"The key was used with other parameters ({words}).")
    if status >= 500:
        return GatewayKeySpent(f"Stripe failed ({words}).")
    return GatewayRefused(f"Stripe refused the request ({words}).")
