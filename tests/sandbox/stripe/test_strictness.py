"""It rejects what Stripe rejects, with Stripe's messages and formats."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from stripe import InvalidRequestError, StripeClient

from sandbox.stripe import StripeSandbox
from tests.sandbox.stripe.conftest import PORT

pytestmark = pytest.mark.wrong_stripe_calls

PRICE = "line_items[0][price_data]"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StripeSandbox]:
    """One sandbox for the whole file, because rejected calls leave nothing behind."""
    with StripeSandbox(port=PORT) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        (f"{PRICE}[unit_amount]", "49", "amount_too_small"),
        (f"{PRICE}[unit_amount]", "100000000", "amount_too_large"),
        (f"{PRICE}[unit_amount]", "-5", "parameter_invalid_integer"),
        (f"{PRICE}[unit_amount]", "25.00", "parameter_invalid_integer"),
        (f"{PRICE}[unit_amount]", "１２", "parameter_invalid_integer"),
        (f"{PRICE}[currency]", "xyz", None),
        (f"{PRICE}[recurring][interval]", "month", None),
        (f"{PRICE}[product_data][nmae]", "x", "parameter_unknown"),
        ("payment_method_types[0]", "card", "parameter_unknown"),
        ("ui_mode", "hosted", None),
        ("mode", "pay", None),
        ("submit_type", "give", None),
        ("submit_type", "subscribe", None),
        ("success_url", "", "parameter_invalid_empty"),
        ("success_url", "/thanks", "url_invalid"),
        ("customer_email", "dana", "email_invalid"),
        ("client_reference_id", "x" * 201, "parameter_invalid_string"),
        ("locale", "tlh", None),
        ("subscription_data[metadata][a]", "b", None),
        ("metadata[" + "k" * 41 + "]", "v", None),
        ("metadata[k]", "v" * 501, None),
        ("expires_at", "1", None),
        ("expires_at", "9999999999", None),
        ("customer", "cus_nobody", "resource_missing"),
        ("allow_promotion_codes", "true", "parameter_invalid"),
        ("expand[]", "payment_intent.nothing", None),
        ("expand[]", "status", None),
    ],
)
def test_a_session_with_an_invalid_parameter_is_rejected(
    post: Callable[..., Any],
    form: dict[str, Any],
    sandbox: StripeSandbox,
    name: str,
    value: str,
    code: str | None,
) -> None:
    answer = post("checkout/sessions", {**form, name: value})
    assert answer.status_code in (400, 404)
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    assert error["request_log_url"].endswith(answer.headers["Request-Id"])
    assert error.get("code") == code


@pytest.mark.parametrize(
    "name", ["mode", "success_url", f"{PRICE}[currency]", "line_items[0][quantity]"]
)
def test_a_missing_parameter_is_named(
    post: Callable[..., Any], form: dict[str, Any], name: str
) -> None:
    del form[name]
    error = post("checkout/sessions", form).json()["error"]
    assert (error["code"], error["param"]) == ("parameter_missing", name)


def test_metadata_has_at_most_fifty_keys(post: Callable[..., Any], form: dict[str, Any]) -> None:
    fifty = {f"metadata[k{i}]": "v" for i in range(50)}
    assert post("checkout/sessions", {**form, **fifty}).status_code == 200
    assert post("checkout/sessions", {**form, **fifty, "metadata[k50]": "v"}).status_code == 400


@pytest.mark.parametrize(
    ("currency", "amount", "status"),
    [
        ("jpy", "50", 200),
        ("jpy", "49", 400),
        ("gbp", "30", 200),
        ("gbp", "29", 400),
        ("USD", "50", 200),
        ("kwd", "1005", 400),
        ("kwd", "1010", 200),
        ("isk", "1050", 400),
        ("usd", "99999999", 200),
    ],
)
def test_amounts_follow_the_currency(
    post: Callable[..., Any], form: dict[str, Any], currency: str, amount: str, status: int
) -> None:
    form |= {f"{PRICE}[currency]": currency, f"{PRICE}[unit_amount]": amount}
    assert post("checkout/sessions", form).status_code == status


def test_the_minimum_applies_to_the_total(post: Callable[..., Any], form: dict[str, Any]) -> None:
    form |= {f"{PRICE}[unit_amount]": "30", "line_items[0][quantity]": "2"}
    assert post("checkout/sessions", form).status_code == 200


@pytest.mark.parametrize(
    ("settles_in", "rate", "least"), [("gbp", "0.5", 59), ("jpy", "40", 124), ("mxn", "5", 200)]
)
def test_the_minimum_is_that_of_the_currency_it_settles_in(
    post: Callable[..., Any],
    form: dict[str, Any],
    sandbox: StripeSandbox,
    settles_in: str,
    rate: str,
    least: int,
) -> None:
    sandbox.set_settlement(settles_in, {"usd": rate})
    try:
        for amount, status in ((least, 200), (least - 1, 400)):
            form[f"{PRICE}[unit_amount]"] = str(amount)
            answer = post("checkout/sessions", form)
            assert answer.status_code == status
        assert answer.json()["error"]["code"] == "amount_too_small"
        assert "must convert to at least" in answer.json()["error"]["message"]
        # The total counts, as for a gift of which a line of its own covers the fees.
        form["line_items[0][quantity]"] = "2"
        assert post("checkout/sessions", form).status_code == 200
    finally:
        sandbox.set_settlement("usd", {})


def test_submit_type_donate_is_for_every_gift_and_subscribe_for_subscriptions(
    direct: StripeClient, parameters: Callable[..., Any]
) -> None:
    for interval, submit_type in ((None, "donate"), ("month", "donate"), ("year", "subscribe")):
        asked = parameters(2500, interval, submit_type=submit_type)
        assert direct.v1.checkout.sessions.create(params=asked).submit_type == submit_type
    with pytest.raises(InvalidRequestError) as refused:
        direct.v1.checkout.sessions.create(params=parameters(2500, submit_type="subscribe"))
    assert refused.value.param == "submit_type"


@pytest.mark.parametrize(("asked", "shown"), [(None, True), (True, True), (False, False)])
def test_adaptive_pricing_is_as_the_session_asks_else_as_a_new_account_has_it(
    direct: StripeClient, parameters: Callable[..., Any], asked: bool | None, shown: bool
) -> None:
    given = {} if asked is None else {"adaptive_pricing": {"enabled": asked}}
    made = direct.v1.checkout.sessions.create(params=parameters(2500, **given))
    assert made.to_dict()["adaptive_pricing"] == {"enabled": shown}


@pytest.mark.parametrize("key", ["", "sk_live_x", "pk_test_x", "nonsense"])
def test_only_secret_test_keys_are_accepted(sandbox: StripeSandbox, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = requests.get(f"{sandbox.url}/v1/events", headers=headers, timeout=60)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("key", ["sk_test_x", "rk_test_x"])
def test_basic_authorization_works_too(sandbox: StripeSandbox, key: str) -> None:
    answer = requests.get(f"{sandbox.url}/v1/events", auth=(key, ""), timeout=60)
    assert answer.status_code == 200
    assert answer.headers["Stripe-Version"] == "2026-10-28.endive"
    assert answer.headers["Request-Id"].startswith("req_")


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/charges/x/y/z", "/v1/checkout"])
def test_unknown_urls_return_stripes_error(sandbox: StripeSandbox, path: str) -> None:
    answer = requests.get(sandbox.url + path, auth=("sk_test_x", ""), timeout=60)
    assert answer.status_code == 404
    assert "Unrecognized request URL" in answer.json()["error"]["message"]


def test_a_missing_object_is_named(direct: StripeClient) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        direct.v1.checkout.sessions.retrieve("cs_test_x")
    assert (refused.value.code, refused.value.http_status) == ("resource_missing", 404)


def test_only_an_open_session_can_be_expired(
    client: StripeClient,
    direct: StripeClient,
    sandbox: StripeSandbox,
    give: Callable[..., Any],
) -> None:
    session = give()
    assert client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(InvalidRequestError):
        direct.v1.checkout.sessions.expire(session.id)


def test_prorations_are_rejected(
    direct: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    sandbox.pay(give(1000, "month").id)
    subscription = sandbox.objects("subscription")[0]
    item = subscription["items"]["data"][0]
    items = [{"id": item["id"], "price": item["price"]["id"]}]
    with pytest.raises(InvalidRequestError, match="prorations"):
        direct.v1.subscriptions.update(subscription["id"], params={"items": items})


def test_session_expiry_is_limited(
    client: StripeClient,
    direct: StripeClient,
    sandbox: StripeSandbox,
    give: Callable[..., Any],
) -> None:
    soon = sandbox.now() + 31 * 60
    assert give(expires_at=soon).expires_at == soon
    assert give().expires_at - sandbox.now() >= 86_398
