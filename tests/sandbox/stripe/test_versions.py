"""Endpoints, accounts and requests in other API versions; restricted keys, rate limits and the portal's settings."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe as sdk
from stripe import InvalidRequestError, StripeClient

from sandbox.stripe import StripeSandbox
from sandbox.stripe.state.account import API_VERSION
from tests.sandbox.stripe.conftest import KEY, Receiver

pytestmark = pytest.mark.wrong_stripe_calls
OLD, BEFORE_BASIL, BASIL = "2019-12-03", "2024-06-20", "2025-03-31.basil"


def read(sandbox: StripeSandbox, path: str, version: str = "", key: str = KEY) -> requests.Response:
    headers = {"Authorization": f"Bearer {key}"} | ({"Stripe-Version": version} if version else {})
    return requests.get(f"{sandbox.url}/v1/{path}", headers=headers, timeout=60)


@pytest.fixture
def monthly(sandbox: StripeSandbox, give: Callable[..., Any]) -> str:
    """A monthly gift that was paid; its session."""
    return str(sandbox.pay(give(2500, "month").id)["id"])


def newest(sandbox: StripeSandbox, kind: str) -> str:
    return str(sandbox.objects(kind)[0]["id"])


def test_an_invoice_names_subscription_and_payment_where_its_version_does(
    sandbox: StripeSandbox, monthly: str
) -> None:
    path = f"invoices/{newest(sandbox, 'invoice')}"
    subscription = newest(sandbox, "subscription")
    for version in (OLD, BEFORE_BASIL):
        found = read(sandbox, path, version).json()
        assert (found["subscription"], found["paid"]) == (subscription, True)
        assert found["payment_intent"] == newest(sandbox, "payment_intent")
        assert found["charge"] == newest(sandbox, "charge")
        assert found["subscription_details"] == {"metadata": {"donation_id": "d1"}}
        (line,) = found["lines"]["data"]
        assert (line["subscription"], line["type"]) == (subscription, "subscription")
        assert not {"parent", "total_taxes"} & set(found)
        assert not {"parent", "pricing"} & set(line)
    for version in (BASIL, API_VERSION, ""):
        found = read(sandbox, path, version).json()
        assert found["parent"]["subscription_details"]["subscription"] == subscription
        assert not {"subscription", "payment_intent", "charge", "paid"} & set(found)


def test_a_subscription_has_its_period_where_its_version_has_it(
    sandbox: StripeSandbox, monthly: str
) -> None:
    path = f"subscriptions/{newest(sandbox, 'subscription')}"
    ours = read(sandbox, path, API_VERSION).json()
    old = read(sandbox, path, BEFORE_BASIL).json()
    (item,), (bare,) = ours["items"]["data"], old["items"]["data"]
    assert old["current_period_end"] == item["current_period_end"]
    assert "current_period_end" not in ours
    assert "current_period_end" not in bare
    assert "plan" not in old
    assert read(sandbox, path, OLD).json()["plan"]["id"]


def test_charges_and_payments_list_what_their_version_lists(
    sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    name = give().id
    sandbox.pay(name)
    refund = sandbox.refund(name, 1000)["id"]
    charge, intent = newest(sandbox, "charge"), newest(sandbox, "payment_intent")
    found = read(sandbox, f"charges/{charge}", OLD).json()
    assert [one["id"] for one in found["refunds"]["data"]] == [refund]
    assert "refunds" not in read(sandbox, f"charges/{charge}", "2022-11-15").json()
    found = read(sandbox, f"payment_intents/{intent}", OLD).json()
    assert [one["id"] for one in found["charges"]["data"]] == [charge]
    assert "latest_charge" not in found
    found = read(sandbox, f"payment_intents/{intent}", BEFORE_BASIL).json()
    assert (found["latest_charge"], found["invoice"]) == (charge, None)
    assert "invoice" not in read(sandbox, f"payment_intents/{intent}").json()
    session = read(sandbox, f"checkout/sessions/{name}", OLD).json()
    assert (session["display_items"][0]["amount"], session["ui_mode"]) == (2500, "hosted")


def test_an_endpoint_gets_events_in_its_version_and_a_list_is_in_the_accounts(
    sandbox: StripeSandbox, receiver: Receiver, give: Callable[..., Any]
) -> None:
    sandbox.use_version(OLD)
    sandbox.use_version(BEFORE_BASIL, endpoint="we_sandbox1")
    sandbox.pay(give(2500, "month").id)
    sandbox.deliver_all()
    sent = {found["type"]: found for found in (json.loads(body) for body, _ in receiver.received)}
    assert {found["api_version"] for found in sent.values()} == {BEFORE_BASIL}
    assert sent["invoice.paid"]["data"]["object"]["subscription"]
    assert "invoice_payment.paid" not in sent
    listed = read(sandbox, "events?limit=100", API_VERSION).json()["data"]
    assert {found["api_version"] for found in listed} == {OLD}
    (paid,) = [found for found in listed if found["type"] == "invoice.paid"]
    assert paid["data"]["object"]["subscription"]
    sandbox.use_version(API_VERSION)
    assert read(sandbox, f"events/{paid['id']}").json()["api_version"] == OLD


def test_an_answer_says_its_version_and_an_unknown_one_is_refused(sandbox: StripeSandbox) -> None:
    assert read(sandbox, "charges").headers["Stripe-Version"] == API_VERSION
    sandbox.use_version(OLD)
    assert read(sandbox, "charges").headers["Stripe-Version"] == OLD
    assert read(sandbox, "charges", BASIL).headers["Stripe-Version"] == BASIL
    assert read(sandbox, "charges", "2020-02-30").status_code == 400


def test_a_restricted_key_without_a_permission_is_refused_with_its_name(
    sandbox: StripeSandbox, monthly: str
) -> None:
    sandbox.take_permissions(["rak_invoice_read"])
    restricted = StripeClient(
        "rk_test_sandbox", base_addresses={"api": sandbox.url}, max_network_retries=0
    )
    with pytest.raises(sdk.PermissionError, match="Having the 'rak_invoice_read' permission would"):
        restricted.v1.invoices.list()
    assert restricted.v1.charges.list().data
    assert read(sandbox, "invoices").status_code == 200


def test_a_portal_whose_settings_were_never_saved_opens_for_nobody(
    sandbox: StripeSandbox, direct: StripeClient, monthly: str
) -> None:
    asked: Any = {"customer": newest(sandbox, "customer")}
    assert direct.v1.billing_portal.configurations.list({"is_default": True}).data
    sandbox.set_portal(saved=False)
    assert direct.v1.billing_portal.configurations.list().data == []
    with pytest.raises(InvalidRequestError, match="until you save your customer portal settings"):
        direct.v1.billing_portal.sessions.create(asked)
    sandbox.set_portal(saved=True)
    assert direct.v1.billing_portal.sessions.create(asked).url
