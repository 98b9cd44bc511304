"""Interrupted refunds: looked up, finished later, never made twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from campaign.core.clock import now
from campaign.core.errors import RefundUnconfirmed
from campaign.gateway.client import StripeGateway
from campaign.models import Donation
from campaign.refunds.flow import finish_refunds, refund_donation
from campaign.refunds.refunds import request_refund
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.stripe import StripeSandbox
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.refunds import (
    assert_one_refund,
    idempotency_keys,
    make_older,
    pay,
    refund_request,
    refund_rows,
    state,
)
from tests.support.stripe import Json

CREATE, LIST = "POST /v1/refunds", "GET /v1/refunds"


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.mark.parametrize(
    ("mode", "times"),
    [
        ("drop_before", 1),
        ("drop_before", 3),
        ("drop_after", 1),
        ("drop_after", 3),
        ("500", 1),
        ("500", 6),
        ("429", 1),
        ("429", 6),
        ("409", 3),
    ],
)
def test_an_interrupted_call_ends_in_one_refund(
    installation: Installation, gift: Donation, stripe: StripeSandbox, mode: str, times: int
) -> None:
    asked = refund_request(gift)
    stripe.fault(CREATE, mode, times=times)
    try:
        refund_donation(installation, asked)
    except RefundUnconfirmed:
        for _ in range(20):
            make_older(installation, timedelta(hours=2))
            if finish_refunds(installation):
                break
    assert refund_donation(installation, asked).state == "succeeded"
    assert state(installation, gift) == "refunded"
    assert_one_refund(installation, stripe)


def test_a_late_answer_is_looked_up(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    hasty = StripeGateway("sk_test_sandbox", installation.settings.stripe_api_base, timeout=0.3)
    stripe.fault(CREATE, "slow", times=1, seconds=1.5)
    asked = refund_request(gift)
    try:
        refund_donation(replace(installation, make_gateway=lambda: hasty), asked)
    except RefundUnconfirmed:
        make_older(installation, timedelta(minutes=2))
        while not finish_refunds(installation):
            make_older(installation, timedelta(minutes=2))
    assert_one_refund(installation, stripe)


def test_a_process_that_died_before_the_call_loses_nothing(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    with installation.sessions.begin() as session:
        request_refund(session, refund_request(gift), now())
    assert finish_refunds(installation) == 0, "for a minute it is left to the process that made it"
    make_older(installation, timedelta(minutes=2))
    assert finish_refunds(installation) == 1
    assert finish_refunds(installation) == 0
    assert_one_refund(installation, stripe)


def test_a_lost_answer_is_found_after_its_key_expired(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    stripe.fault(CREATE, "drop_after", times=3)
    stripe.fault(LIST, "drop_before", times=3)
    with pytest.raises(RefundUnconfirmed):
        refund_donation(installation, refund_request(gift, 1000))
    assert refund_rows(installation)[0].state == "requested"
    stripe.advance(hours=25)
    make_older(installation, timedelta(hours=25))
    assert finish_refunds(installation) == 1
    assert_one_refund(installation, stripe, 1000)
    assert len(idempotency_keys(installation)) == 1


def test_a_request_that_never_reached_stripe_gets_a_new_key_only_after_the_old_one_expired(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    away = replace(installation, make_gateway=lambda: StripeGateway("sk_test_sandbox", UNREACHABLE))
    with pytest.raises(RefundUnconfirmed):
        refund_donation(away, refund_request(gift, 1000))
    make_older(installation, timedelta(hours=23, minutes=5))
    assert finish_refunds(installation) == 0, "someone may still be at it under the old key"
    assert stripe.objects("refund") == []
    make_older(installation, timedelta(hours=25))
    assert finish_refunds(installation) == 1
    assert [key.rpartition("-")[2] for key in idempotency_keys(installation)] == ["1", "2"]
    assert_one_refund(installation, stripe, 1000)


def test_failed_keys_are_replaced_with_exponential_backoff(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    stripe.fault(CREATE, "500", times=0)
    with pytest.raises(RefundUnconfirmed):
        refund_donation(installation, refund_request(gift))
    make_older(installation, timedelta(seconds=61))
    finish_refunds(installation)
    assert len(idempotency_keys(installation)) == 2
    make_older(installation, timedelta(seconds=61))
    finish_refunds(installation)
    assert len(idempotency_keys(installation)) == 2
    stripe.clear_faults()
    make_older(installation, timedelta(minutes=3))
    assert finish_refunds(installation) == 1
    assert_one_refund(installation, stripe)


def test_while_stripe_is_unavailable_each_run_tries_one_request(
    client: FlaskClient, installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    other = pay(client, installation, stripe, email="ben@example.org")
    with installation.sessions.begin() as session:
        request_refund(session, refund_request(gift), now())
        request_refund(session, refund_request(other), now())
    make_older(installation, timedelta(minutes=2))
    stripe.fault(LIST, "429", times=1)
    assert finish_refunds(installation) == 0
    assert finish_refunds(installation) == 2


def test_the_event_before_the_answer_is_the_same_refund(
    installation: Installation,
    gift: Donation,
    stripe: StripeSandbox,
    store: Callable[..., None],
) -> None:
    stripe.fault(CREATE, "drop_after", times=3)
    stripe.fault(LIST, "drop_before", times=3)
    asked = refund_request(gift)
    with pytest.raises(RefundUnconfirmed):
        refund_donation(installation, asked)
    shown: list[Json] = stripe.events("refund.created") + stripe.events("charge.refunded")
    store(*shown)
    apply_due_events(installation)
    assert refund_donation(installation, asked).state == "succeeded"
    assert state(installation, gift) == "refunded"
    assert_one_refund(installation, stripe)
