"""Which refunds one run of the workers finishes, which key each call has, and what stops a run."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from time_machine import travel

from campaign.core.clock import now
from campaign.core.errors import (
    GatewayRefused,
    GatewayUnavailable,
    RefundRefused,
    RefundUnconfirmed,
)
from campaign.core.task_queue import OUTBOX
from campaign.gateway import StripeRefund
from campaign.gateway.client import StripeGateway
from campaign.models import Campaign, Donation, StripeRequest
from campaign.refunds.flow import finish_refunds, refund_donation
from campaign.refunds.refunds import request_refund
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.notifier import RecordingNotifier
from tests.support.refunds import (
    assert_one_refund,
    idempotency_keys,
    make_older,
    pay,
    refund_request,
    refund_rows,
    state,
)

CREATE, LIST = "POST /v1/refunds", "GET /v1/refunds"


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def open_requests(installation: Installation, gift: Donation, count: int) -> None:
    """Save that many refunds of $1 whose process died before it called Stripe."""
    with installation.sessions.begin() as session:
        for _ in range(count):
            request_refund(session, refund_request(gift, 100), now())
    make_older(installation, timedelta(minutes=2))


def states(installation: Installation) -> list[str]:
    return [one.state for one in refund_rows(installation)]


@pytest.mark.parametrize(
    ("mode", "finished"),
    [
        # These are about one request: the next one is tried.
        ("500", 1),
        ("409", 1),
        # These are about all of them: the run stops.
        ("429", 0),
        ("drop_before", 0),
    ],
)
def test_a_run_goes_on_after_a_failure_of_one_request_and_stops_while_stripe_is_away(
    installation: Installation, gift: Donation, stripe: StripeSandbox, mode: str, finished: int
) -> None:
    open_requests(installation, gift, 2)
    tries = 1 if mode == "500" else 3
    stripe.fault(CREATE, mode, times=tries)
    assert finish_refunds(installation) == finished
    assert states(installation) == ["requested", "succeeded" if finished else "requested"]


@pytest.mark.parametrize(
    ("mode", "used"), [("429", 1), ("409", 1), ("drop_before", 1), ("drop_after", 1), ("500", 2)]
)
def test_only_an_error_that_stripe_stores_spends_the_key(
    installation: Installation, gift: Donation, stripe: StripeSandbox, mode: str, used: int
) -> None:
    asked = refund_request(gift)
    stripe.fault(CREATE, mode, times=9)
    stripe.fault(LIST, "drop_before", times=9)
    with pytest.raises(RefundUnconfirmed, match="there is no need to request it again"):
        refund_donation(installation, asked)
    stripe.clear_faults()
    make_older(installation, timedelta(minutes=2))
    assert finish_refunds(installation) == 1
    assert idempotency_keys(installation) == [
        f"refund-{asked.token}-{n}" for n in range(1, used + 1)
    ]
    assert_one_refund(installation, stripe)


def test_a_run_that_takes_too_long_leaves_the_rest_to_the_next_one(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    open_requests(installation, gift, 4)
    with travel(now(), tick=False) as traveller:

        class Slow(StripeGateway):
            """Stripe takes two minutes and twenty seconds for each refund."""

            def create_refund(self, parameters: Mapping[str, Any], key: str) -> StripeRefund:
                traveller.shift(timedelta(seconds=140))
                return super().create_refund(dict(parameters), key)

        slow = Slow("sk_test_sandbox", sandbox_address(stripe))
        assert finish_refunds(replace(installation, make_gateway=lambda: slow)) == 3
    assert states(installation) == [*["succeeded"] * 3, "requested"]


def test_a_refusal_after_the_refund_was_made_is_no_refusal(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    class TwoMinds(StripeGateway):
        """Makes the refund, and then says that it is refunded already."""

        def create_refund(self, parameters: Mapping[str, Any], key: str) -> StripeRefund:
            super().create_refund(dict(parameters), key)
            raise GatewayRefused("charge_already_refunded")

    two_minds = TwoMinds("sk_test_sandbox", sandbox_address(stripe))
    made = refund_donation(
        replace(installation, make_gateway=lambda: two_minds), refund_request(gift)
    )
    assert (made.state, made.failure_reason) == ("succeeded", None)
    assert_one_refund(installation, stripe)


def test_a_refusal_is_kept_with_the_refund_and_with_its_call(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    stripe.dispute(gift.session_id or "")
    asked = refund_request(gift)
    with pytest.raises(RefundRefused) as refused:
        refund_donation(installation, asked)
    (row,) = refund_rows(installation)
    assert row.failure_reason == str(refused.value)
    assert row.ended_at is not None
    with installation.sessions() as session:
        (call,) = session.scalars(select(StripeRequest).where(StripeRequest.operation == "refund"))
    assert (call.error, call.answered_at, call.result_id) == (str(refused.value), None, None)
    with pytest.raises(RefundRefused, match="charged back"):
        refund_donation(installation, asked)
    assert len(idempotency_keys(installation)) == 1


def test_a_confirmed_refund_records_its_answer_and_asks_for_its_emails_once(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    notifier = RecordingNotifier()
    asked = refund_request(gift)
    here = replace(installation, notify=notifier)
    made = refund_donation(here, asked)
    assert notifier.asked == [OUTBOX]
    assert refund_donation(here, asked).id == made.id
    assert notifier.asked == [OUTBOX]
    with installation.sessions() as session:
        (call,) = session.scalars(select(StripeRequest).where(StripeRequest.operation == "refund"))
    assert (call.result_id, call.error) == (made.stripe_id, None)
    assert call.answered_at is not None


def test_without_the_payment_of_a_monthly_gift_nothing_is_saved_while_stripe_is_away(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    monthly = pay(client, installation, stripe, frequency="monthly")
    away = replace(installation, make_gateway=lambda: StripeGateway("sk_test_sandbox", UNREACHABLE))
    with pytest.raises(GatewayUnavailable):
        refund_donation(away, refund_request(monthly, 500))
    assert refund_rows(installation) == []
    assert state(installation, monthly) == "paid"


def test_a_gift_whose_payment_is_known_is_saved_even_while_stripe_is_away(
    installation: Installation, gift: Donation
) -> None:
    away = replace(installation, make_gateway=lambda: StripeGateway("sk_test_sandbox", UNREACHABLE))
    with pytest.raises(RefundUnconfirmed):
        refund_donation(away, refund_request(gift, 500))
    assert states(installation) == ["requested"]
