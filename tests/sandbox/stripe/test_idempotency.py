"""Idempotency keys, as at Stripe."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from stripe import IdempotencyError, StripeClient

from sandbox.stripe import StripeSandbox


def test_the_same_key_and_parameters_return_the_same_response(
    post: Callable[..., Any], form: dict[str, Any], sandbox: StripeSandbox
) -> None:
    first, second = post("checkout/sessions", form, "k1"), post("checkout/sessions", form, "k1")
    assert second.text == first.text
    assert second.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Original-Request"] == first.headers["Request-Id"]
    assert len(sandbox.objects("checkout.session")) == 1


def test_different_parameters_are_rejected(post: Callable[..., Any], form: dict[str, Any]) -> None:
    post("checkout/sessions", form, "k1")
    answer = post("checkout/sessions", {**form, "locale": "de"}, "k1")
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "idempotency_error"


def test_another_endpoint_is_rejected(post: Callable[..., Any], form: dict[str, Any]) -> None:
    name = post("checkout/sessions", form, "k1").json()["id"]
    answer = post(f"checkout/sessions/{name}/expire", {}, "k1")
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "idempotency_error"


def test_a_key_is_in_use_while_the_first_request_runs(
    post: Callable[..., Any], form: dict[str, Any], sandbox: StripeSandbox
) -> None:
    sandbox.fault("POST /v1/checkout/sessions", "slow", seconds=4)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(post("checkout/sessions", form, "k1")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    error = next(answer for answer in answers if answer.status_code == 409).json()["error"]
    assert (error["type"], error["code"]) == ("idempotency_error", "idempotency_key_in_use")
    assert len(sandbox.objects("checkout.session")) == 1
    assert post("checkout/sessions", form, "k1").headers["Idempotent-Replayed"] == "true"


def test_a_failed_execution_is_saved(
    post: Callable[..., Any], form: dict[str, Any], sandbox: StripeSandbox
) -> None:
    sandbox.fault("POST /v1/checkout/sessions", "500")
    assert post("checkout/sessions", form, "k1").status_code == 500
    again = post("checkout/sessions", form, "k1")
    assert again.status_code == 500
    assert again.headers["Idempotent-Replayed"] == "true"
    assert post("checkout/sessions", form, "k2").status_code == 200


def test_a_rejection_before_execution_is_not_saved(
    post: Callable[..., Any], form: dict[str, Any]
) -> None:
    too_small = {**form, "line_items[0][price_data][unit_amount]": "49"}
    assert post("checkout/sessions", too_small, "k1").status_code == 400
    assert post("checkout/sessions", form, "k1").status_code == 200


def test_a_rate_limited_request_releases_its_key(
    post: Callable[..., Any], form: dict[str, Any], sandbox: StripeSandbox
) -> None:
    sandbox.fault("POST /v1/checkout/sessions", "429")
    assert post("checkout/sessions", form, "k1").status_code == 429
    answer = post("checkout/sessions", form, "k1")
    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (200, False)


def test_keys_expire_after_24_hours_of_sandbox_time(
    post: Callable[..., Any], form: dict[str, Any], sandbox: StripeSandbox
) -> None:
    first = post("checkout/sessions", form, "k1").json()["id"]
    sandbox.advance(hours=23)
    assert post("checkout/sessions", form, "k1").json()["id"] == first
    sandbox.advance(hours=1)
    assert post("checkout/sessions", form, "k1").json()["id"] != first


def test_a_key_has_at_most_255_characters(post: Callable[..., Any], form: dict[str, Any]) -> None:
    assert post("checkout/sessions", form, "k" * 255).status_code == 200
    assert post("checkout/sessions", form, "k" * 256).status_code == 400


def test_the_sdk_raises_its_error(direct: StripeClient, parameters: Callable[..., Any]) -> None:
    options = {"idempotency_key": "donation-1"}
    direct.v1.checkout.sessions.create(params=parameters(), options=options)
    with pytest.raises(IdempotencyError):
        direct.v1.checkout.sessions.create(params=parameters(5000), options=options)
