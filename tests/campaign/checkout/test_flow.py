"""Interrupted calls to Stripe: the donor sends the same form until it succeeds, and is charged once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from campaign.checkout.flow import Checkout, CheckoutRequest, begin_checkout
from campaign.checkout.session_requests import RedirectUrls
from campaign.core.clock import now
from campaign.core.errors import CampaignNotOpen, NotFound
from campaign.donations.donations import Gift
from campaign.models import Campaign, Donation
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.interrupted_calls import (
    CREATE,
    assert_charged_once,
    call_stripe_directly,
    client_with_timeout,
    make_older,
    send,
    send_until_it_succeeds,
    stripe_requests,
)

MODES = ("drop_before", "drop_after", "500", "429", "409", "slow")


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("mode", MODES)
def test_an_interrupted_call_charges_the_donor_once(
    installation: Installation, campaign: Campaign, stripe: StripeSandbox, mode: str, times: int
) -> None:
    stripe.fault(CREATE, mode, times=times, seconds=1)
    # Only a slow call is to take too long, not one on a busy machine.
    with client_with_timeout(installation, timeout=0.4 if mode == "slow" else 60) as client:
        address = send_until_it_succeeds(client)
        assert_charged_once(client, installation, stripe, address)


@pytest.mark.parametrize("second", ["drop_before", "500", "429", "409"])
@pytest.mark.parametrize("first", ["drop_after", "500"])
def test_two_interruptions_in_a_row(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    first: str,
    second: str,
) -> None:
    stripe.fault(CREATE, first, times=1)
    stripe.fault(CREATE, second, times=2)
    address = send_until_it_succeeds(client)
    assert_charged_once(client, installation, stripe, address)


@pytest.mark.parametrize("mode", ["drop_before", "drop_after", "500"])
def test_the_same_form_a_day_later_still_opens_one_session(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    mode: str,
) -> None:
    stripe.fault(CREATE, mode, times=3)
    assert send(client) is None
    stripe.clear_faults()
    stripe.advance(hours=25)
    make_older(installation, timedelta(hours=25))
    address = send_until_it_succeeds(client)
    assert [call.ordinal for call in stripe_requests(installation)] == [1, 2]
    assert_charged_once(client, installation, stripe, address)


def test_a_key_used_with_other_parameters_is_replaced(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    with client_with_timeout(installation, base=UNREACHABLE) as away:
        assert send(away) is None
    (call,) = stripe_requests(installation)
    other = {**call.parameters, "client_reference_id": "other", "metadata": {}}
    stripe.expire(call_stripe_directly(stripe, other, call.idempotency_key))
    assert send(client) is None
    assert "other parameters" in (stripe_requests(installation)[0].error or "")
    address = send_until_it_succeeds(client)
    assert_charged_once(client, installation, stripe, address)


def test_a_later_change_of_title_or_name_does_not_change_the_call(
    installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    stripe.fault(CREATE, "drop_after", times=3)
    with client_with_timeout(installation) as client:
        assert send(client) is None
    with installation.sessions.begin() as session:
        session.execute(update(Campaign).values(title="Another title"))
    organization = replace(installation.settings.organization, name="Another name")
    settings = replace(installation.settings, organization=organization)
    with client_with_timeout(replace(installation, settings=settings)) as client:
        address = send(client)
        assert len(stripe.objects("checkout.session")) == len(stripe_requests(installation)) == 1
        assert_charged_once(client, installation, stripe, address or "")


def test_twelve_concurrent_requests_after_a_used_key_open_one_session(
    app: Flask, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    client = app.test_client()
    stripe.fault(CREATE, "500", times=1)
    assert send(client) is None
    stripe.fault(CREATE, "slow", times=1, seconds=0.5)
    with ThreadPoolExecutor(12) as threads:
        addresses = set(threads.map(lambda _: send(app.test_client()), range(12)))
    assert len(stripe_requests(installation)) == 2
    (address,) = addresses
    assert_charged_once(client, installation, stripe, address or "")


def request(**changes: Any) -> CheckoutRequest:
    gift = {"email": "ana@example.org", "amount": 2500, "frequency": "one_time", "attempt": "a-1"}
    urls = RedirectUrls("http://localhost/thanks", "http://localhost/back")
    return CheckoutRequest("nine-days", Gift(**{**gift, **changes}), lambda _: urls)


def test_the_same_gift_gets_the_same_session_without_a_web_request(
    installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    first, again = (begin_checkout(installation, request()) for _ in range(2))
    assert first == Checkout(first.donation, stripe.objects("checkout.session")[0]["url"])
    assert (again.donation.id, again.payment_url) == (first.donation.id, first.payment_url)
    other = begin_checkout(installation, request(amount=2501))
    assert other.donation.id != first.donation.id
    assert len(stripe.objects("checkout.session")) == len(stripe_requests(installation)) == 2


@pytest.mark.parametrize(("minutes", "heard"), [(0, False), (1, True)])
def test_a_paid_session_is_looked_up_after_the_double_click_time(
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    minutes: int,
    heard: bool,
) -> None:
    first = begin_checkout(installation, request())
    stripe.pay(first.donation.session_id or "")
    make_older(installation, timedelta(minutes=minutes))
    again = begin_checkout(installation, request())
    # Heard of, it is over, and the same form is a new gift.
    assert (again.donation.id != first.donation.id) is heard
    with installation.sessions() as session:
        state = session.get_one(Donation, first.donation.id).state
    assert state == ("paid" if heard else "pending")


def test_an_expired_session_is_replaced(
    installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    first = begin_checkout(installation, request())
    stripe.expire(first.donation.session_id or "")
    make_older(installation, timedelta(minutes=1))
    again = begin_checkout(installation, request())
    assert again.donation.id != first.donation.id
    assert again.payment_url not in {None, first.payment_url}


def test_a_closed_or_unknown_campaign_sends_no_request_to_stripe(
    installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    with installation.sessions.begin() as session:
        session.execute(
            update(Campaign).values(
                starts_at=now() - timedelta(days=2), deadline=now() - timedelta(seconds=1)
            )
        )
    with pytest.raises(CampaignNotOpen):
        begin_checkout(installation, request())
    with pytest.raises(NotFound):
        begin_checkout(installation, replace(request(), slug="unknown"))
    assert (stripe.objects("checkout.session"), stripe_requests(installation)) == ([], [])
