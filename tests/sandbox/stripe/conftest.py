"""A sandbox, the SDK's client for it, and a receiver of its webhooks.

If STRIPE_API_BASE is set (a proxy that checks every call), the client uses it and the sandbox listens on
SANDBOX_STRIPE_PORT. Calls that are invalid on purpose go to the sandbox directly.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from stripe import StripeClient
from stripe.checkout import Session

from sandbox.stripe import StripeSandbox

API_BASE = os.environ.get("STRIPE_API_BASE")
PORT = int(os.environ.get("SANDBOX_STRIPE_PORT", "8420")) if API_BASE else 0
KEY = "sk_test_sandbox"
SECRET = "whsec_test"


class Receiver(ThreadingHTTPServer):
    """Store every webhook as (body, signature) and respond with `status`."""

    daemon_threads = True

    def __init__(self) -> None:
        self.received: list[tuple[bytes, str]] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), _Hook)
        self.url = f"http://127.0.0.1:{self.server_port}/stripe/webhook"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.received]

    @property
    def ids(self) -> list[str]:
        return [json.loads(body)["id"] for body, _ in self.received]


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        hook: Any = self.server
        hook.received.append((body, self.headers["Stripe-Signature"]))
        self.send_response(hook.status)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def sandbox(receiver: Receiver) -> Iterator[StripeSandbox]:
    with StripeSandbox(port=PORT, webhook_url=receiver.url, webhook_secret=SECRET) as running:
        yield running


def client_for(address: str) -> StripeClient:
    return StripeClient(KEY, base_addresses={"api": address}, max_network_retries=0)


@pytest.fixture
def client(sandbox: StripeSandbox) -> StripeClient:
    """The client for valid calls."""
    return client_for(API_BASE or sandbox.url)


@pytest.fixture
def direct(sandbox: StripeSandbox) -> StripeClient:
    """The client for calls that must be rejected, and for those that a proxy might answer itself."""
    return client_for(sandbox.url)


def parameters(amount: int = 2500, interval: str | None = None, **more: Any) -> dict[str, Any]:
    price: dict[str, Any] = {
        "currency": "usd",
        "unit_amount": amount,
        "product_data": {"name": "The Harbor Ledger"},
    }
    made: dict[str, Any] = {
        "mode": "payment",
        "submit_type": "donate",
        "payment_intent_data": {"metadata": {"donation_id": "d1"}},
    }
    if interval:
        price["recurring"] = {"interval": interval}
        made = {
            "mode": "subscription",
            "subscription_data": {"metadata": {"donation_id": "d1"}},
        }
    return {
        **made,
        "success_url": "http://127.0.0.1:9/thanks?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:9/back",
        "customer_email": "dana@example.org",
        "client_reference_id": "d1",
        "line_items": [{"quantity": 1, "price_data": price}],
        **more,
    }


@pytest.fixture
def give(client: StripeClient) -> Callable[..., Session]:
    """Create a checkout session: give(amount, interval, **parameters)."""

    def make(amount: int = 2500, interval: str | None = None, **more: Any) -> Any:
        return client.v1.checkout.sessions.create(params=parameters(amount, interval, **more))

    return make


@pytest.fixture(name="parameters")
def parameters_fixture() -> Callable[..., dict[str, Any]]:
    return parameters


@pytest.fixture
def post(sandbox: StripeSandbox) -> Callable[..., requests.Response]:
    """Post a form to the sandbox directly, with the account's key: post(path, {"a[b]": "c"}, key=…)."""

    def send(path: str, form: dict[str, Any], key: str | None = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {KEY}"}
        if key:
            headers["Idempotency-Key"] = key
        return requests.post(f"{sandbox.url}/v1/{path}", data=form, headers=headers, timeout=60)

    return send


FORM = {
    "mode": "payment",
    "success_url": "http://127.0.0.1:9/thanks",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][unit_amount]": "2500",
    "line_items[0][price_data][product_data][name]": "Gift",
}


@pytest.fixture
def form() -> dict[str, Any]:
    """A valid session as raw form fields."""
    return dict(FORM)


@pytest.fixture
def submit() -> Callable[..., requests.Response]:
    """Submit the hosted page's form like a browser: submit(session, number, **fields)."""

    def send(session: Any, number: str = "4242 4242 4242 4242", **fields: str) -> requests.Response:
        typed = {
            "email": "dana@example.org",
            "method": "card",
            "card-number": number,
            "card-expiry": "12 / 34",
            "card-cvc": "123",
            "card-name": "Dana Donor",
        }
        typed |= {name.replace("_", "-"): value for name, value in fields.items()}
        return requests.post(session.url, data=typed, allow_redirects=False, timeout=60)

    return send
