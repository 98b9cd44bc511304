"""Each failure of Stripe becomes the error that says what to do: retry, retry under a new key, or give up."""

from typing import Any

import pytest

from campaign.core.errors import (
    CampaignError,
    GatewayBusy,
    GatewayForbidden,
    GatewayKeySpent,
    GatewayMissing,
    GatewayRefused,
    GatewayThrottled,
    GatewayUnavailable,
)
from campaign.gateway.client import RETRIES, StripeGateway
from tests.conftest import UNREACHABLE
from tests.support.scripted_stripe import PreparedAnswer, ScriptedStripe

DO_NOT_RETRY = {"Stripe-Should-Retry": "false"}
REPLAYED = {"Idempotent-Replayed": "true"}


def failure(status: int, headers: dict[str, str] | None = None, **error: Any) -> PreparedAnswer:
    """An error as Stripe sends it."""
    shown = {"type": "invalid_request_error", "message": "No\nsuch thing.", **error}
    return PreparedAnswer({"error": shown}, status, {**DO_NOT_RETRY, **(headers or {})})


def refuse(answer: PreparedAnswer) -> tuple[CampaignError, int]:
    """Make a refund that gets this answer; return our error and the number of requests."""
    with ScriptedStripe(answer) as stripe, pytest.raises(CampaignError) as failed:
        StripeGateway("sk_test_x", stripe.url).create_refund({"amount": 5}, "key")
    return failed.value, len(stripe.calls)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (failure(429, type="rate_limit_error"), GatewayThrottled, "Stripe is limiting our requests: No such thing."),
        (failure(429, REPLAYED, type="rate_limit_error"), GatewayKeySpent, "Stripe is limiting our requests:"),
        (failure(429, {"idempotent-replayed": "false"}), GatewayThrottled, "Stripe is limiting our requests:"),
        (failure(401), GatewayForbidden, "Stripe rejected our API key: No such thing."),
        (failure(403), GatewayForbidden, "Stripe rejected our API key:"),
        (failure(409), GatewayBusy, "Stripe is still processing the same request (APIError: No such thing.)."),
        (failure(400, code="idempotency_key_in_use"), GatewayBusy, "(idempotency_key_in_use: No such thing.)."),
        (failure(409, REPLAYED, code="lock_timeout"), GatewayKeySpent, "Stripe failed (APIError: No such thing.)."),
        (failure(400, type="idempotency_error"), GatewayKeySpent, "The idempotency key was used with other parameters"),
        (failure(500, type="api_error"), GatewayKeySpent, "Stripe failed (APIError: No such thing.)."),
        (failure(503, type="api_error"), GatewayKeySpent, "Stripe failed"),
        (failure(404, code="resource_missing"), GatewayMissing, "Stripe has no such object (resource_missing:"),
        (failure(400), GatewayRefused, "Stripe rejected the request (InvalidRequestError: No such thing.)."),
        (failure(400, code="charge_already_refunded"), GatewayRefused, "(charge_already_refunded: No such thing.)."),
        (failure(402, type="card_error", code="card_declined"), GatewayRefused, "(card_declined: No such thing.)."),
    ],
)  # fmt: skip
def test_a_failure_says_whether_and_how_to_retry(
    answer: PreparedAnswer, kind: type[CampaignError], said: str
) -> None:
    error, calls = refuse(answer)
    assert type(error) is kind
    assert said in str(error)
    assert calls == 1, "Stripe said not to retry"


def test_a_server_that_cannot_be_reached_may_be_asked_again_under_the_same_key() -> None:
    with pytest.raises(GatewayUnavailable, match="Stripe cannot be reached: ") as failed:
        StripeGateway("sk_test_x", UNREACHABLE).create_refund({"amount": 5}, "key")
    assert type(failed.value) is GatewayUnavailable


def test_a_lost_answer_is_asked_for_again_under_the_same_key() -> None:
    made = {"id": "re_1", "object": "refund", "created": 1, "amount": 5, "currency": "usd"}
    failing = PreparedAnswer({"error": {"type": "api_error"}}, 500)
    with ScriptedStripe(PreparedAnswer({}, 0), failing, made) as stripe:
        found = StripeGateway("sk_test_x", stripe.url).create_refund({"amount": 5}, "key-1")
    assert found.id == "re_1"
    assert [call.request for call in stripe.calls] == ["POST /v1/refunds"] * 3
    assert {call.headers["idempotency-key"] for call in stripe.calls} == {"key-1"}
    assert {call.headers["authorization"] for call in stripe.calls} == {"Bearer sk_test_x"}


def test_after_three_attempts_a_failure_is_reported() -> None:
    with ScriptedStripe(PreparedAnswer({"error": {"type": "api_error"}}, 500)) as stripe:
        with pytest.raises(GatewayKeySpent):
            StripeGateway("sk_test_x", stripe.url).create_refund({"amount": 5}, "key-1")
        assert len(stripe.calls) == 1 + RETRIES == 3
