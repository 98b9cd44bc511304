"""The hosted page: its content, its validation, and that it charges only once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
from stripe import InvalidRequestError, StripeClient

from sandbox.stripe import StripeSandbox


def test_it_shows_the_amount_and_the_interval(give: Callable[..., Any]) -> None:
    page = requests.get(give(2500, "month").url, timeout=60).text
    assert "The Harbor Ledger" in page
    assert "$25" in page
    assert "every month" in page
    assert "Give $25 monthly" in page
    assert "no money moves" in page
    assert 'href="http://127.0.0.1:9/back"' in page
    assert 'value="dana@example.org"' in page


@pytest.mark.parametrize(
    "name",
    ["card-number", "card-expiry", "card-cvc", "card-name", "pay", "method-card", "method-bank"],
)
def test_its_elements_keep_their_ids(give: Callable[..., Any], name: str) -> None:
    assert f'id="{name}"' in requests.get(give().url, timeout=60).text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("card_number", "4242 4242 4242 4241"),
        ("card_number", ""),
        ("card_expiry", "13 / 34"),
        ("card_expiry", "01 / 20"),
        ("card_cvc", "12"),
        ("card_name", ""),
        ("email", "nobody"),
    ],
)
def test_an_error_appears_beside_its_field(
    sandbox: StripeSandbox,
    give: Callable[..., Any],
    submit: Callable[..., Any],
    field: str,
    value: str,
) -> None:
    answer = submit(give(), **{field: value})
    assert answer.status_code == 422
    assert f'id="{field.replace("_", "-")}-error"' in answer.text
    assert sandbox.objects("charge") == []


def test_a_test_card_is_filled_in_with_one_click(
    give: Callable[..., Any], submit: Callable[..., Any], sandbox: StripeSandbox
) -> None:
    answer = submit(give(), "", fill="4000000000009995", email="typed@example.org")
    assert answer.status_code == 200
    assert 'value="4000 0000 0000 9995"' in answer.text
    assert 'value="typed@example.org"' in answer.text
    assert sandbox.objects("charge") == []


def test_eight_submissions_at_once_charge_once(
    sandbox: StripeSandbox, give: Callable[..., Any], submit: Callable[..., Any]
) -> None:
    session = give()
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(submit(session).status_code))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [303] * 8
    assert len(sandbox.objects("charge")) == 1


def test_a_complete_session_says_so(give: Callable[..., Any], submit: Callable[..., Any]) -> None:
    session = give()
    submit(session)
    page = requests.get(session.url, timeout=60)
    assert "complete" in page.text
    assert session.id in page.text


def test_an_expired_session_links_back(
    client: StripeClient,
    sandbox: StripeSandbox,
    give: Callable[..., Any],
    submit: Callable[..., Any],
) -> None:
    session = give()
    sandbox.advance(hours=24.1)
    page = requests.get(session.url, timeout=60)
    assert page.status_code == 410
    assert "has expired" in page.text
    assert "http://127.0.0.1:9/back" in page.text
    assert submit(session).status_code == 410
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert len(sandbox.events("checkout.session.expired")) == 1


def test_an_unknown_session_is_not_found(sandbox: StripeSandbox) -> None:
    assert requests.get(f"{sandbox.url}/c/pay/cs_test_x", timeout=60).status_code == 404


def test_product_names_are_escaped(client: StripeClient, parameters: Callable[..., Any]) -> None:
    asked = parameters()
    asked["line_items"][0]["price_data"]["product_data"]["name"] = "<script>alert(1)</script>"
    page = requests.get(client.v1.checkout.sessions.create(params=asked).url, timeout=60).text
    assert "<script>" not in page


def test_the_portal_cancels_at_the_end_of_the_period(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    session = give(1000, "month")
    sandbox.pay(session.id)
    subscribed = sandbox.objects("subscription")[0]
    portal = client.v1.billing_portal.sessions.create(
        params={"customer": subscribed["customer"], "return_url": "http://127.0.0.1:9/me"}
    )
    assert "Renews on" in requests.get(portal.url, timeout=60).text
    form = {"subscription": subscribed["id"], "action": "cancel"}
    assert "Ends on" in requests.post(portal.url, form, timeout=60).text
    assert client.v1.subscriptions.retrieve(subscribed["id"]).cancel_at_period_end is True


CARD = {"card-expiry": "12 / 34", "card-cvc": "123", "card-name": "Dana Donor"}


def test_the_portal_updates_the_customers_card_but_not_the_subscriptions(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    sandbox.pay(give(1000, "month").id)
    subscribed = sandbox.objects("subscription")[0]
    back = "http://127.0.0.1:9/me/card"
    after = {"type": "redirect", "redirect": {"return_url": back}}
    portal = client.v1.billing_portal.sessions.create(
        params={
            "customer": subscribed["customer"],
            "return_url": "http://127.0.0.1:9/me",
            "flow_data": {"type": "payment_method_update", "after_completion": after},
        }
    )
    assert portal.flow is not None
    assert portal.flow.type == "payment_method_update"
    assert "Update your card" in requests.get(portal.url, timeout=60).text
    refused = requests.post(portal.url, CARD | {"card-number": "4000000000000002"}, timeout=60)
    assert (refused.status_code, "declined" in refused.text) == (402, True)
    form = CARD | {"card-number": "5555555555554444"}
    saved = requests.post(portal.url, form, timeout=60, allow_redirects=False)
    assert (saved.status_code, saved.headers["Location"]) == (303, back)
    found = client.v1.subscriptions.retrieve(subscribed["id"], params={"expand": ["customer"]})
    chosen = found.customer.invoice_settings.default_payment_method
    assert chosen is not None
    assert found.default_payment_method == subscribed["default_payment_method"] != chosen
    assert [event["type"] for event in sandbox.events("customer.updated")][-1:]


def test_an_open_invoice_is_paid_on_its_page_and_the_card_is_not_saved(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    sandbox.pay(give(1000, "month").id, "4000000000000341")
    sandbox.advance(days=32)
    before = sandbox.objects("subscription")[0]
    address = sandbox.objects("invoice")[0]["hosted_invoice_url"]
    assert "Pay $10" in requests.get(address, timeout=60).text
    refused = requests.post(address, CARD | {"card-number": "4000000000000002"}, timeout=60)
    assert refused.status_code == 402
    assert requests.post(address, CARD | {"card-number": "4242"}, timeout=60).status_code == 422
    paid = requests.post(address, CARD | {"card-number": "4242424242424242"}, timeout=60)
    assert "paid" in paid.text
    after = sandbox.objects("subscription")[0]
    assert (before["status"], after["status"]) == ("past_due", "active")
    assert after["default_payment_method"] == before["default_payment_method"]


def test_an_unsupported_portal_flow_is_rejected(
    direct: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    sandbox.pay(give(1000, "month").id)
    customer = sandbox.objects("customer")[0]["id"]
    flow = {"type": "subscription_cancel"}
    with pytest.raises(InvalidRequestError, match="does not support"):
        direct.v1.billing_portal.sessions.create({"customer": customer, "flow_data": flow})


def test_the_index_shows_events_and_moves_the_clock(
    sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    sandbox.pay(give().id, bank="succeeds")
    page = requests.get(sandbox.url, timeout=60).text
    assert "checkout.session.completed" in page
    assert "Resend" in page
    before = sandbox.now()
    requests.post(sandbox.url, {"action": "advance", "name": "7"}, timeout=60)
    assert sandbox.now() >= before + 7 * 86_400
    assert len(sandbox.events("checkout.session.async_payment_succeeded")) == 1
