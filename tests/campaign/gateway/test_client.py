"""Calls to Stripe, against the sandbox: the request, the parsed answer, and the effect of a repeat."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stripe import StripeClient

from campaign.core.clock import now
from campaign.core.errors import GatewayKeySpent, GatewayMissing, GatewayRefused
from campaign.gateway.client import StripeGateway
from sandbox.stripe import StripeSandbox
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.scripted_stripe import ScriptedStripe, list_of

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def gateway(stripe: StripeSandbox) -> StripeGateway:
    return StripeGateway("sk_test_sandbox", sandbox_address(stripe))


def wanted(
    donation: str = "don_1", email: str = "ana@example.org", **changes: Any
) -> dict[str, Any]:
    """Return the parameters of a session for a gift of $25."""
    price = {"currency": "usd", "unit_amount": 2500, "product_data": {"name": "Gift"}}
    return {
        "mode": "payment",
        "customer_email": email,
        "client_reference_id": donation,
        "metadata": {"donation_id": donation},
        "payment_intent_data": {"metadata": {"donation_id": donation}},
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": "http://localhost/thanks",
        **changes,
    }


@pytest.fixture
def losing(stripe: StripeSandbox) -> None:
    """Create an endpoint at Stripe whose webhooks never arrive."""
    client = StripeClient("sk_test_sandbox", base_addresses={"api": sandbox_address(stripe)})
    client.v1.webhook_endpoints.create(
        {"url": f"{UNREACHABLE}/stripe/webhook", "enabled_events": ["*"]}
    )
    stripe.deliver("lose")


def emit(stripe: StripeSandbox, kind: str, number: int = 1) -> list[str]:
    """Create events that no endpoint accepted; return their ids, newest first."""
    with stripe.account.transaction():
        for place in range(number):
            stripe.account.emit(kind, {"id": f"pi_{place}"})
    return [event["id"] for event in stripe.events(kind)][::-1]


def test_a_session_created_again_under_its_key_is_the_same(
    gateway: StripeGateway, stripe: StripeSandbox
) -> None:
    opened = gateway.create_checkout_session(wanted(), "key")
    assert gateway.create_checkout_session(wanted(), "key").id == opened.id
    assert len(stripe.objects("checkout.session")) == 1
    assert (opened.status, opened.payment_status) == ("open", "unpaid")
    assert (opened.amount_total, opened.currency, opened.donation_id) == (2500, "usd", "don_1")
    assert opened.charged_at is None
    with pytest.raises(GatewayKeySpent, match="other parameters"):
        gateway.create_checkout_session(wanted("don_2"), "key")


def test_a_paid_session_has_its_payment_and_time(
    gateway: StripeGateway, stripe: StripeSandbox
) -> None:
    opened = gateway.create_checkout_session(wanted(), "key")
    stripe.pay(opened.id)
    found = gateway.retrieve_checkout_session(opened.id)
    (intent,), (charge,) = stripe.objects("payment_intent"), stripe.objects("charge")
    assert (found.status, found.payment_status) == ("complete", "paid")
    assert found.payment_intent_id == intent["id"]
    assert found.charged_at == datetime.fromtimestamp(charge["created"], UTC)


def test_sessions_are_found_by_donation_newest_first(
    gateway: StripeGateway, stripe: StripeSandbox
) -> None:
    ids = []
    for place, donation in enumerate(["don_1", "don_2", "don_1"]):
        ids.append(gateway.create_checkout_session(wanted(donation), f"key-{place}").id)
        stripe.advance(seconds=1)
    found = gateway.list_sessions_for_donation("don_1", "ana@example.org", LONG_AGO)
    assert [one.id for one in found] == [ids[2], ids[0]]
    assert gateway.list_sessions_for_donation("don_1", "ben@example.org", LONG_AGO) == []
    after_the_first = found[1].created + timedelta(seconds=1)
    found = gateway.list_sessions_for_donation("don_1", "ana@example.org", after_the_first)
    assert [one.id for one in found] == [ids[2]]


def test_a_session_is_found_beyond_the_first_hundred(
    gateway: StripeGateway, stripe: StripeSandbox
) -> None:
    first = gateway.create_checkout_session(wanted("don_1"), "key-1").id
    for place in range(100):
        gateway.create_checkout_session(wanted("other"), f"other-{place}")
    (found,) = gateway.list_sessions_for_donation("don_1", "ana@example.org", LONG_AGO)
    assert found.id == first


def test_only_an_open_session_can_be_expired(gateway: StripeGateway) -> None:
    opened = gateway.create_checkout_session(wanted(), "key")
    assert gateway.expire_session(opened.id).status == "expired"
    with pytest.raises(GatewayRefused):
        gateway.expire_session(opened.id)
    with pytest.raises(GatewayMissing):
        gateway.retrieve_checkout_session("cs_test_none")


def test_a_refund_is_made_once_per_key_and_never_exceeds_the_charge(
    gateway: StripeGateway, stripe: StripeSandbox
) -> None:
    opened = gateway.create_checkout_session(wanted(), "key")
    stripe.pay(opened.id)
    (intent,) = stripe.objects("payment_intent")
    asked = {"payment_intent": intent["id"], "amount": 2000, "metadata": {"refund_request": "t"}}
    made = gateway.create_refund(asked, "refund-1")
    assert gateway.create_refund(asked, "refund-1") == made
    assert (made.amount, made.currency, made.status) == (2000, "usd", "succeeded")
    assert (made.payment_intent_id, made.request_token) == (intent["id"], "t")
    with pytest.raises(GatewayRefused):
        gateway.create_refund(asked | {"amount": 501}, "refund-2")
    assert len(stripe.objects("refund")) == 1


@pytest.mark.usefixtures("losing")
def test_more_types_than_one_list_allows_are_all_requested(
    gateway: StripeGateway, stripe: StripeSandbox
) -> None:
    emit(stripe, "payment_intent.succeeded")
    emit(stripe, "payment_intent.canceled")
    types = ["payment_intent.canceled", *[f"invoice.made_up_{n}" for n in range(20)]]
    events = gateway.undelivered_events([*types, "payment_intent.succeeded"])
    assert [found.event.type for found in events] == [types[0], "payment_intent.succeeded"]


@pytest.mark.usefixtures("losing")
def test_events_across_pages_are_listed_once_newest_first_from_since(
    gateway: StripeGateway, stripe: StripeSandbox
) -> None:
    kind = "payment_intent.canceled"
    emit(stripe, kind, 101)
    found = [one.event.id for one in gateway.undelivered_events([kind])]
    assert found == emit(stripe, kind, 0)
    assert len(set(found)) == 101
    moment = now() + timedelta(hours=1)
    assert list(gateway.undelivered_events([kind], moment)) == []
    assert list(gateway.undelivered_events([])) == []


def test_a_rejection_by_stripe_says_so(stripe: StripeSandbox) -> None:
    gateway = StripeGateway(
        "sk_test_sandbox", stripe.url
    )  # wrong on purpose: it bypasses any proxy
    with pytest.raises(GatewayRefused):
        list(gateway.undelivered_events(["x" * 6000]))


SHOWN: dict[str, Any] = {
    "object": "checkout.session",
    "created": 1,
    "mode": "payment",
    "payment_status": "unpaid",
    "client_reference_id": "don_1",
}


def test_sessions_are_searched_by_address_and_time_through_five_pages_at_most() -> None:
    pages = [list_of(SHOWN | {"id": f"cs_{n}"}, more=True) for n in range(9)]
    with ScriptedStripe(*pages) as stripe:
        gateway = StripeGateway("sk_test_x", stripe.url)
        found = gateway.list_sessions_for_donation("don_1", "ana@example.org", LONG_AGO)
    assert [one.id for one in found] == [f"cs_{n}" for n in range(5)]
    first = {
        "customer_details[email]": "ana@example.org",
        "created[gte]": str(int(LONG_AGO.timestamp())),
        "limit": "100",
    }
    assert stripe.calls[0].values() == first
    assert [call.values().get("starting_after") for call in stripe.calls[1:]] == [
        f"cs_{n}" for n in range(4)
    ]


def test_an_empty_page_of_sessions_ends_the_search() -> None:
    with ScriptedStripe(list_of(more=True)) as stripe:
        gateway = StripeGateway("sk_test_x", stripe.url)
        assert gateway.list_sessions_for_donation("don_1", "ana@example.org", LONG_AGO) == []
    assert len(stripe.calls) == 1


def test_every_post_has_the_key_it_was_given_and_a_read_asks_for_the_charge() -> None:
    with ScriptedStripe(SHOWN | {"id": "cs_1"}) as stripe:
        gateway = StripeGateway("sk_test_x", stripe.url)
        gateway.create_checkout_session({"mode": "payment"}, "gift-1")
        gateway.retrieve_checkout_session("cs_1")
        gateway.expire_session("cs_1")
    create, read, expire = stripe.calls
    versions = {call.headers["stripe-version"].rpartition(".")[2] for call in stripe.calls}
    assert versions == {"endive"}, "answers have the shape of the release that our code reads"
    assert (create.request, create.headers["idempotency-key"], create.values()) == (
        "POST /v1/checkout/sessions",
        "gift-1",
        {"mode": "payment"},
    )
    assert (read.request, read.values()) == (
        "GET /v1/checkout/sessions/cs_1",
        {"expand[0]": "payment_intent.latest_charge", "expand[1]": "invoice"},
    )
    assert expire.request == "POST /v1/checkout/sessions/cs_1/expire"


def undelivered(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"evt_{number}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "type": "x",
        "livemode": False,
        "created": 1,
        "data": {"object": {"id": "x_1"}},
        **changes,
    }


def test_only_undelivered_events_are_asked_for_twenty_types_at_a_time() -> None:
    types = [f"type_{n}" for n in range(21)]
    with ScriptedStripe(
        list_of(undelivered(1), more=True), list_of(undelivered(2)), list_of(undelivered(3))
    ) as stripe:
        found = list(StripeGateway("sk_test_x", stripe.url).undelivered_events(types, LONG_AGO))
    assert [one.event.id for one in found] == ["evt_1", "evt_2", "evt_3"]
    since = str(int(LONG_AGO.timestamp()))
    asked = [call.values() for call in stripe.calls]
    common = {"delivery_success": "false", "limit": "100", "created[gte]": since}
    first = common | {f"types[{n}]": f"type_{n}" for n in range(20)}
    assert asked == [first, first | {"starting_after": "evt_1"}, common | {"types[0]": "type_20"}]


def test_an_empty_page_of_events_ends_the_list_and_no_time_is_no_filter() -> None:
    with ScriptedStripe(list_of(more=True)) as stripe:
        assert list(StripeGateway("sk_test_x", stripe.url).undelivered_events(["x"])) == []
    (call,) = stripe.calls
    assert call.values() == {"delivery_success": "false", "limit": "100", "types[0]": "x"}


@pytest.mark.parametrize("version", [None, "2026-10-28.endive", "2020-08-27"])
def test_an_undelivered_event_says_its_version(version: str | None) -> None:
    with ScriptedStripe(list_of(undelivered(1, api_version=version))) as stripe:
        (found,) = StripeGateway("sk_test_x", stripe.url).undelivered_events(["x"])
    assert found.event.api_version == version
    assert json.loads(found.body) == undelivered(1, api_version=version)
