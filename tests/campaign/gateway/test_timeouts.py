"""How long a donor, or a worker, waits for Stripe."""

import socket
import time

import pytest

from campaign.core.errors import GatewayUnavailable
from campaign.gateway import PATIENCE, TIMEOUT
from campaign.gateway.client import RETRIES, StripeGateway


def test_a_donor_waits_about_half_a_minute_at_most_and_a_worker_longer() -> None:
    assert 20 <= TIMEOUT * (1 + RETRIES) <= 30
    assert PATIENCE >= 3 * TIMEOUT


def test_a_silent_stripe_is_given_up_after_the_timeout_of_each_attempt() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        gateway = StripeGateway("sk_test_x", address, timeout=0.05)
        begun = time.monotonic()
        with pytest.raises(GatewayUnavailable, match="cannot be reached"):
            gateway.retrieve_checkout_session("cs_1")
    assert time.monotonic() - begun >= 0.05 * (1 + RETRIES)
