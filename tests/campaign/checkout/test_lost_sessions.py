"""Sessions that Stripe created but whose response was lost: they are found, never created twice."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from campaign.models import Campaign
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.interrupted_calls import (
    CREATE,
    LIST,
    assert_charged_once,
    assert_one_gift_booked,
    call_stripe_directly,
    make_older,
    only_donation,
    open_checkout_sessions,
    send,
    send_until_it_succeeds,
    stripe_requests,
)


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def test_a_lost_session_is_found_after_its_key_expired(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    stripe.fault(CREATE, "drop_after", times=3)
    assert send(client) is None
    make_older(installation, timedelta(hours=23, minutes=30))
    address = send(client)
    assert len(stripe.objects("checkout.session")) == 1
    (call,) = stripe_requests(installation)
    assert call.result_id == only_donation(installation).session_id
    assert_charged_once(client, installation, stripe, address or "")


def test_a_session_created_before_a_stripe_error_is_found(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    stripe.fault(CREATE, "500", times=1)
    assert send(client) is None
    call_stripe_directly(stripe, stripe_requests(installation)[0].parameters)
    address = send(client)
    assert len(stripe_requests(installation)) == 1
    assert_charged_once(client, installation, stripe, address or "")


def test_of_two_sessions_found_one_is_kept_and_one_expired(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    stripe.fault(CREATE, "500", times=1)
    assert send(client) is None
    parameters = stripe_requests(installation)[0].parameters
    older, newer = (
        call_stripe_directly(stripe, parameters),
        call_stripe_directly(stripe, parameters),
    )
    address = send(client)
    states = {one["id"]: one["status"] for one in stripe.objects("checkout.session")}
    assert states == {older: "expired", newer: "open"}
    assert_charged_once(client, installation, stripe, address or "")


def test_another_donors_session_is_not_used(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    stripe.fault(CREATE, "500", times=1)
    assert send(client) is None
    other = stripe_requests(installation)[0].parameters
    strange = {**other, "client_reference_id": "other", "metadata": {"donation_id": "other"}}
    opened = call_stripe_directly(stripe, strange)
    send(client)
    donation = only_donation(installation)
    assert donation.session_id not in {None, opened}


def test_no_session_is_opened_while_the_lookup_fails(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    stripe.fault(CREATE, "500", times=1)
    assert send(client) is None
    stripe.fault(LIST, "500", times=3)
    assert send(client) is None
    assert stripe.objects("checkout.session") == []
    assert len(stripe_requests(installation)) == 1
    address = send_until_it_succeeds(client)
    assert_charged_once(client, installation, stripe, address)


@pytest.mark.parametrize("hours", [0, 1, 25])
def test_a_gift_paid_in_a_lost_session_is_not_charged_again(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    hours: int,
) -> None:
    stripe.fault(CREATE, "drop_after", times=3)
    assert send(client) is None
    stripe.pay(open_checkout_sessions(stripe)[0]["id"])
    stripe.advance(hours=hours)
    make_older(installation, timedelta(hours=hours, minutes=1))
    own = f"/donations/{only_donation(installation).token}"
    assert send(client) == own
    assert client.get(own).status_code == 200
    assert_one_gift_booked(installation, stripe)


def test_a_webhook_finds_a_gift_whose_session_was_never_recorded(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    store: Callable[..., None],
) -> None:
    stripe.fault(CREATE, "drop_after", times=3)
    assert send(client) is None
    (session,) = open_checkout_sessions(stripe)
    stripe.pay(session["id"])
    store(*stripe.events("checkout.session.completed"), *stripe.events("payment_intent.succeeded"))
    apply_due_events(installation)
    assert only_donation(installation).session_id == session["id"]
    assert_one_gift_booked(installation, stripe)
