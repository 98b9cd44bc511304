"""Submit the form while calls to Stripe are interrupted, and check the result after the donor has paid."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import stripe as sdk
from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaign import create_app
from campaign.core.clock import now
from campaign.gateway.client import StripeGateway
from campaign.ledger.invariants import broken_invariants
from campaign.models import Donation, Receipt, StripeRequest
from campaign.models.base import new_token
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.stripe import Json

CREATE, LIST = "POST /v1/checkout/sessions", "GET /v1/checkout/sessions"
FORM = {"amount": "25", "frequency": "one_time", "email": "ana@example.org", "attempt": "a-1"}


@contextmanager
def client_with_timeout(
    installation: Installation, *, timeout: float = 60, base: str = ""
) -> Iterator[FlaskClient]:
    """Serve our pages with a gateway that has a shorter timeout or another address."""
    address = base or installation.settings.stripe_api_base
    gateway = StripeGateway("sk_test_sandbox", address, timeout=timeout)
    made = create_app(replace(installation, make_gateway=lambda: gateway))
    yield made.test_client()
    made.extensions["live"].close()


def send(client: FlaskClient) -> str | None:
    """Submit the form; return the address it redirects to, or None if it must be submitted again."""
    answer = client.post("/c/nine-days/donate", data=FORM)
    assert answer.status_code in {303, 503}
    return answer.headers["Location"] if answer.status_code == 303 else None


def send_until_it_succeeds(client: FlaskClient, at_most: int = 60) -> str:
    for _ in range(at_most):
        if address := send(client):
            return address
    raise AssertionError("it never succeeded")


def only_donation(installation: Installation) -> Donation:
    with installation.sessions() as session:
        return session.scalars(select(Donation)).one()


def stripe_requests(installation: Installation) -> list[StripeRequest]:
    with installation.sessions() as session:
        return list(session.scalars(select(StripeRequest).order_by(StripeRequest.ordinal)))


def make_older(installation: Installation, length: timedelta) -> None:
    """Backdate the first submission of the form."""
    with installation.sessions.begin() as session:
        session.execute(update(Donation).values(created_at=now() - length))
        session.execute(update(StripeRequest).values(created_at=now() - length))


def call_stripe_directly(stripe: StripeSandbox, parameters: Json, key: str = "") -> str:
    """Create a session at Stripe that the service does not know about; return its id."""
    client = sdk.StripeClient("sk_test_sandbox", base_addresses={"api": sandbox_address(stripe)})
    opened = client.v1.checkout.sessions.create(
        parameters,
        {"idempotency_key": key or new_token()},
    )
    return opened.id


def open_checkout_sessions(stripe: StripeSandbox) -> list[Json]:
    """Return the sessions that are paid or can still be paid."""
    return [one for one in stripe.objects("checkout.session") if one["status"] != "expired"]


def assert_charged_once(
    client: FlaskClient, installation: Installation, stripe: StripeSandbox, address: str
) -> None:
    """Pay on the page that the form redirected to. Check for one page, one charge, one receipt and all invariants."""
    (session,) = open_checkout_sessions(stripe)
    assert address == session["url"]
    stripe.pay(session["id"])
    donation = only_donation(installation)
    assert client.get(f"/donations/{donation.token}").status_code == 200
    assert_one_gift_booked(installation, stripe)


def assert_one_gift_booked(installation: Installation, stripe: StripeSandbox) -> None:
    (charge,) = stripe.objects("charge")
    donation = only_donation(installation)
    assert (charge["amount"], charge["paid"], donation.state) == (2500, True, "paid")
    assert len(open_checkout_sessions(stripe)) == 1
    with installation.sessions() as session:
        assert session.scalars(select(Receipt)).one().donation_id == donation.id
        assert list(broken_invariants(session)) == []
