"""A monthly gift on the donor page, against the sandbox: paused, resumed and canceled."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.core.clock import now
from campaign.models import Campaign, Donation, StaffRole, StripeRequest, Subscription
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.outbox.receiver import MailReceiver
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.donor_portal import open_donor_page
from tests.support.staff import StaffMaker


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def monthly(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    store: Callable[..., None],
) -> Callable[[], Subscription]:
    """Ana's monthly gift of $25 after all of the sandbox's events have arrived."""
    form = {"amount": "25", "frequency": "monthly", "email": "ana@example.org"}
    assert client.post("/c/nine-days/donate", data=form).status_code == 303
    with installation.sessions() as session:
        donation = session.scalars(select(Donation)).one()
    stripe.pay(donation.session_id or "")

    def shown() -> Subscription:
        store(*stripe.events())
        apply_due_events(installation)
        with installation.sessions() as session:
            return session.scalars(select(Subscription)).one()

    return shown


def test_a_monthly_gift_is_paused_resumed_and_canceled_from_the_page(
    client: FlaskClient,
    monthly: Callable[[], Subscription],
    mailing: Installation,
    mailbox: MailReceiver,
    staff: StaffMaker,
) -> None:
    gift = monthly()
    page = open_donor_page(client, mailing, mailbox)
    assert "$25 a month" in page
    assert f'href="/subscriptions/{gift.token}"' in page
    for _ in range(2):
        assert client.post(f"/subscriptions/{gift.token}/pause", data={"months": "2"}).location
    rested = monthly()
    assert rested.state == "paused"
    assert rested.paused_until is not None
    assert timedelta(days=55) < rested.paused_until - now() < timedelta(days=67)
    assert "Paused until" in client.get("/me").text
    viewer = staff(StaffRole.viewer).get(f"/staff/donors/{gift.donor_id}")
    assert "until" in viewer.text
    with mailing.sessions() as session:
        asked = session.scalars(
            select(StripeRequest.parameters).where(StripeRequest.operation == "subscription_pause")
        ).all()
    assert {one["pause_collection"]["behavior"] for one in asked} == {"void"}
    assert client.post(f"/subscriptions/{gift.token}/resume").status_code == 303
    assert monthly().state == "active"
    assert client.post(f"/subscriptions/{gift.token}/cancel").status_code == 303
    assert "a month, canceled" in client.get("/me").text
    assert monthly().ended_at is not None
