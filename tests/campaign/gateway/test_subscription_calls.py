"""Calls about subscriptions, against the sandbox: each sets a state, so a repeat is harmless."""

from typing import Any

import pytest

from campaign.core.errors import GatewayMissing, GatewayRefused
from campaign.gateway.client import StripeGateway
from campaign.gateway.subscription_calls import SubscriptionsClient
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.scripted_stripe import ScriptedStripe


@pytest.fixture
def gateway(stripe: StripeSandbox) -> StripeGateway:
    return StripeGateway("sk_test_sandbox", sandbox_address(stripe))


@pytest.fixture
def calls(gateway: StripeGateway) -> SubscriptionsClient:
    return gateway.subscriptions


@pytest.fixture
def begun(gateway: StripeGateway, stripe: StripeSandbox) -> str:
    """The id of a subscription of $25 a month that was paid once."""
    price = {
        "currency": "usd",
        "unit_amount": 2500,
        "recurring": {"interval": "month"},
        "product_data": {"name": "Gift"},
    }
    asked: dict[str, Any] = {
        "mode": "subscription",
        "customer_email": "ana@example.org",
        "line_items": [{"price_data": price, "quantity": 1}],
        "subscription_data": {"metadata": {"donation_id": "don_1"}},
        "success_url": "http://localhost/thanks",
    }
    stripe.pay(gateway.create_checkout_session(asked, "key").id)
    return str(stripe.objects("subscription")[0]["id"])


def test_a_subscription_is_read_as_it_is_now(calls: SubscriptionsClient, begun: str) -> None:
    found = calls.retrieve(begun)
    assert (found.id, found.status, found.total, found.interval) == (begun, "active", 2500, "month")
    assert (found.donation_id, found.currency, found.paused) == ("don_1", "usd", False)
    assert found.current_period_end is not None
    with pytest.raises(GatewayMissing):
        calls.retrieve("sub_none")


def test_a_repeated_update_under_its_key_is_one_and_returns_the_result(
    calls: SubscriptionsClient, stripe: StripeSandbox, begun: str
) -> None:
    pause = {"pause_collection": {"behavior": "void"}}
    before = len(stripe.events("customer.subscription.updated"))
    for _ in range(2):
        assert calls.update(begun, pause, "pause-1").paused
    assert len(stripe.events("customer.subscription.updated")) == before + 1
    assert not calls.update(begun, {"pause_collection": ""}, "resume-1").paused


def test_canceling_is_immediate_refunds_nothing_and_happens_once(
    calls: SubscriptionsClient, stripe: StripeSandbox, begun: str
) -> None:
    ended = calls.cancel(begun, "By the donor.")
    assert (ended.status, ended.end_reason) == ("canceled", "cancellation_requested")
    assert ended.ended_at is not None
    (row,) = stripe.objects("subscription")
    assert row["cancellation_details"]["comment"] == "By the donor."
    assert stripe.objects("refund") == []
    with pytest.raises(GatewayRefused):
        calls.cancel(begun, "Again.")


def test_the_portal_page_is_the_customers_and_the_current_card_is_returned(
    calls: SubscriptionsClient, stripe: StripeSandbox, begun: str
) -> None:
    cards = calls.payment_methods(begun)
    assert cards.current == stripe.objects("subscription")[0]["default_payment_method"]
    assert cards.selected is None
    customer = calls.retrieve(begun).customer_id or ""
    with stripe.account.transaction():
        chosen = {"default_payment_method": "pm_other"}
        stripe.account.change(stripe.account.get("customer", customer), invoice_settings=chosen)
    assert calls.payment_methods(begun).selected == "pm_other"
    back = "http://localhost/me"
    address = calls.create_portal_session(customer, back, "es", "card-1")
    assert address.startswith("http")
    assert calls.create_portal_session(customer, back, "es", "card-1") == address
    assert calls.create_portal_session(customer, back, "es", "card-2") != address
    with pytest.raises(GatewayRefused):
        calls.create_portal_session("cus_none", back, "es", "card-3")


def test_the_portal_only_changes_the_card_and_leads_back_to_us() -> None:
    opened = {"id": "bps_1", "object": "billing_portal.session", "url": "https://billing.example/p"}
    with ScriptedStripe(opened) as stripe:
        calls = StripeGateway("sk_test_x", stripe.url).subscriptions
        url = calls.create_portal_session("cus_1", "https://give.example/me", "es-419", "card-1")
    assert url == "https://billing.example/p"
    (call,) = stripe.calls
    assert call.request == "POST /v1/billing_portal/sessions"
    assert call.headers["idempotency-key"] == "card-1"
    assert call.values() == {
        "customer": "cus_1",
        "return_url": "https://give.example/me",
        "locale": "es-419",
        "flow_data[type]": "payment_method_update",
        "flow_data[after_completion][type]": "redirect",
        "flow_data[after_completion][redirect][return_url]": "https://give.example/me",
    }


def test_a_change_is_sent_under_its_key_and_a_cancellation_with_its_comment_alone() -> None:
    with ScriptedStripe({"id": "sub_1", "object": "subscription", "status": "active"}) as stripe:
        calls = StripeGateway("sk_test_x", stripe.url).subscriptions
        calls.update("sub_1", {"cancel_at_period_end": True}, "change-1")
        calls.cancel("sub_1", "By the donor.")
        calls.payment_methods("sub_1")
    update, cancel, cards = stripe.calls
    assert (update.request, update.headers["idempotency-key"]) == (
        "POST /v1/subscriptions/sub_1",
        "change-1",
    )
    assert update.values() == {"cancel_at_period_end": "true"}
    assert cancel.request == "DELETE /v1/subscriptions/sub_1"
    assert cancel.values() == {"cancellation_details[comment]": "By the donor."}
    assert cards.values() == {"expand[0]": "customer"}
