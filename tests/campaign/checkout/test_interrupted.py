"""Calls to Stripe that are cut: the donor sends the same form until it succeeds, and is charged once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from campaign.models import Campaign
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.interrupted_calls import (
    CREATE,
    age,
    assert_charged_once,
    calls,
    directly,
    send,
    send_until_it_succeeds,
    web,
)

MODES = ("drop_before", "drop_after", "500", "429", "409", "slow")


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("mode", MODES)
def test_whatever_cuts_the_call_the_donor_is_charged_once(
    installation: Installation, campaign: Campaign, stripe: StripeSandbox, mode: str, times: int
) -> None:
    stripe.fault(CREATE, mode, times=times, seconds=1)
    with web(installation, timeout=0.4) as client:
        address = send_until_it_succeeds(client)
        assert_charged_once(client, installation, stripe, address)


@pytest.mark.parametrize("second", ["drop_before", "500", "429", "409"])
@pytest.mark.parametrize("first", ["drop_after", "500"])
def test_two_cuts_in_a_row(
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
def test_a_day_later_the_same_form_still_leads_to_one_page(
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
    age(installation, timedelta(hours=25))
    address = send_until_it_succeeds(client)
    assert [call.ordinal for call in calls(installation)] == [1, 2]
    assert_charged_once(client, installation, stripe, address)


def test_a_key_used_with_other_parameters_is_given_up(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    with web(installation, base=UNREACHABLE) as away:
        assert send(away) is None
    (call,) = calls(installation)
    other = {**call.parameters, "client_reference_id": "other", "metadata": {}}
    stripe.expire(directly(stripe, other, call.idempotency_key))
    assert send(client) is None
    assert "other parameters" in (calls(installation)[0].error or "")
    address = send_until_it_succeeds(client)
    assert_charged_once(client, installation, stripe, address)


def test_a_title_or_name_changed_meanwhile_changes_nothing_in_the_call(
    installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    stripe.fault(CREATE, "drop_after", times=3)
    with web(installation) as client:
        assert send(client) is None
    with installation.sessions.begin() as session:
        session.execute(update(Campaign).values(title="Another title"))
    organization = replace(installation.settings.organization, name="Another name")
    settings = replace(installation.settings, organization=organization)
    with web(replace(installation, settings=settings)) as client:
        address = send(client)
        assert len(stripe.objects("checkout.session")) == len(calls(installation)) == 1
        assert_charged_once(client, installation, stripe, address or "")


def test_twelve_at_once_after_a_spent_key_open_one_page(
    app: Flask, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    client = app.test_client()
    stripe.fault(CREATE, "500", times=1)
    assert send(client) is None
    stripe.fault(CREATE, "slow", times=1, seconds=0.5)
    with ThreadPoolExecutor(12) as threads:
        addresses = set(threads.map(lambda _: send(app.test_client()), range(12)))
    assert len(calls(installation)) == 2
    (address,) = addresses
    assert_charged_once(client, installation, stripe, address or "")
