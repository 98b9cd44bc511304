"""A monthly or yearly gift in the sandbox, with its payment and its events."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.models import (
    Campaign,
    Donation,
    InboxEvent,
    StripeRequest,
    Subscription,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.stripe import StripeSandbox
from tests.support.subscription_facts import only_subscription

Begin = Callable[..., Subscription]


GOOD, RENEWALS_FAIL = "4242424242424242", "4000000000000341"


@pytest.fixture
def sync(
    installation: Installation, stripe: StripeSandbox, store: Callable[..., None]
) -> Callable[[], None]:
    """Deliver every event of the sandbox."""

    def run() -> None:
        store(*stripe.events())
        apply_due_events(installation)
        with installation.sessions() as session:
            failing = InboxEvent.state.in_(["failed", "given_up", "held"])
            assert session.scalars(select(InboxEvent.last_error).where(failing)).all() == []

    return run


@pytest.fixture
def begin(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    sync: Callable[[], None],
) -> Begin:
    """Give, pay on Stripe's page, and deliver the events."""

    def run(card: str = GOOD, frequency: str = "monthly", **more: str) -> Subscription:
        form = {"amount": "25", "frequency": frequency, "email": "ana@example.org", **more}
        assert client.post("/c/nine-days/donate", data=form).status_code == 303
        with installation.sessions() as session:
            donation = session.scalars(select(Donation)).one()
        stripe.pay(donation.session_id, card)
        sync()
        return read(installation)

    return run


def read(installation: Installation) -> Subscription:
    with installation.sessions() as session:
        return session.scalars(select(Subscription)).one()


def at(found: Subscription, path: str = "") -> str:
    return f"/subscriptions/{found.token}{path}"


def text_of(client: FlaskClient, found: Subscription) -> str:
    answer = client.get(at(found))
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text)


def pay_monthly_gift(
    client: FlaskClient,
    installation: Installation,
    stripe: StripeSandbox,
    store: Callable[..., None],
) -> Subscription:
    """Give $25 a month and $1.06 for fees in the form, pay on Stripe's page, and apply what Stripe reports."""
    form = {"amount": "25", "frequency": "monthly", "email": "ana@example.org", "cover_fees": "yes"}
    client.post("/c/nine-days/donate", data=form)
    with installation.sessions() as session:
        stripe.pay(session.scalars(select(Donation.session_id)).one())
    store(*stripe.events())
    apply_due_events(installation)
    return only_subscription(installation)


def change_requests(installation: Installation) -> list[StripeRequest]:
    """Return the calls to Stripe that changes of a gift recorded."""
    query = select(StripeRequest).where(StripeRequest.operation != "checkout_session")
    with installation.sessions() as session:
        return list(session.scalars(query.order_by(StripeRequest.id)))
