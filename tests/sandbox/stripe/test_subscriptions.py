"""Monthly and yearly gifts and their renewals."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from stripe import InvalidRequestError, StripeClient

from sandbox.stripe import CardDeclined, StripeSandbox

DAY = 86_400


@pytest.fixture
def subscribe(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> Callable[..., Any]:
    """subscribe(card, interval) returns the subscription of a paid session."""

    def make(card: str = "4242424242424242", interval: str = "month", **more: Any) -> Any:
        session = give(1000, interval)
        sandbox.pay(session.id, card, **more)
        name = client.v1.checkout.sessions.retrieve(session.id).subscription
        return client.v1.subscriptions.retrieve(name)

    return make


def types(sandbox: StripeSandbox, match: str = "*") -> list[str]:
    return [event["type"] for event in sandbox.events(match)]


def test_a_subscription_begins_with_a_paid_invoice(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    session = give(1000, "month")
    sandbox.pay(session.id)
    paid = client.v1.checkout.sessions.retrieve(
        session.id, params={"expand": ["invoice.payments", "subscription"]}
    )
    assert paid.payment_intent is None
    assert paid.subscription.status == "active"
    assert paid.subscription.metadata["donation_id"] == "d1"
    details = paid.invoice.parent.subscription_details
    assert details.subscription == paid.subscription.id
    assert details.metadata["donation_id"] == "d1"
    assert paid.invoice.billing_reason == "subscription_create"
    assert paid.invoice.amount_paid == 1000
    assert "payment_intent" not in paid.invoice.to_dict()
    payment = paid.invoice.payments.data[0]
    assert (payment.status, payment.amount_paid) == ("paid", 1000)
    assert client.v1.payment_intents.retrieve(payment.payment.payment_intent).status == "succeeded"


def test_before_its_payment_there_is_neither_subscription_nor_invoice(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    """https://docs.stripe.com/changelog/basil/2025-03-31/checkout-legacy-subscription-upgrade"""
    session = give(1000, "month")
    for number in ("4000000000000002", "4000000000009995"):
        with pytest.raises(CardDeclined):
            sandbox.pay(session.id, number)
    assert (sandbox.objects("subscription"), sandbox.objects("invoice")) == ([], [])
    (attempt,) = sandbox.objects("payment_intent")
    assert (attempt["status"], attempt["setup_future_usage"]) == (
        "requires_payment_method",
        "off_session",
    )
    sandbox.pay(session.id)
    (payment,) = sandbox.objects("invoice_payment")
    assert payment["payment"]["payment_intent"] == attempt["id"]
    kinds = types(sandbox)
    assert kinds.index("payment_intent.succeeded") < kinds.index("customer.subscription.created")


def test_an_expired_page_cancels_its_attempt(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    session = give(1000, "month")
    with pytest.raises(CardDeclined):
        sandbox.pay(session.id, "4000000000000002")
    client.v1.checkout.sessions.expire(session.id)
    (attempt,) = sandbox.objects("payment_intent")
    assert (attempt["status"], attempt["cancellation_reason"]) == ("canceled", "abandoned")
    assert types(sandbox, "*subscription*") == []


def test_the_item_has_the_period(subscribe: Callable[..., Any]) -> None:
    subscription = subscribe()
    item = subscription["items"].data[0]
    assert 28 * DAY <= item.current_period_end - item.current_period_start <= 31 * DAY
    assert "current_period_end" not in subscription.to_dict()


@pytest.mark.parametrize(("interval", "days", "renewals"), [("month", 95, 3), ("year", 800, 2)])
def test_moving_the_clock_renews(
    client: StripeClient,
    sandbox: StripeSandbox,
    subscribe: Callable[..., Any],
    interval: str,
    days: int,
    renewals: int,
) -> None:
    subscription = subscribe(interval=interval)
    sandbox.advance(days=days)
    params = {"subscription": subscription.id, "status": "paid"}
    found = client.v1.invoices.list(params=params).data
    assert len(found) == renewals + 1
    assert [invoice.billing_reason for invoice in found][:-1] == ["subscription_cycle"] * renewals
    assert types(sandbox).count("invoice.paid") == renewals + 1


def test_renewals_keep_the_day_of_the_month(
    sandbox: StripeSandbox, subscribe: Callable[..., Any]
) -> None:
    start = datetime.fromtimestamp(subscribe().start_date, UTC)
    sandbox.advance(days=400)
    end = sandbox.objects("subscription")[0]["items"]["data"][0]["current_period_end"]
    assert abs(datetime.fromtimestamp(end, UTC).day - start.day) <= 3


def test_a_failing_renewal_is_retried_and_then_cancels_the_subscription(
    client: StripeClient, sandbox: StripeSandbox, subscribe: Callable[..., Any]
) -> None:
    subscription = subscribe("4000000000000341")
    sandbox.advance(days=32)
    late = client.v1.subscriptions.retrieve(subscription.id)
    invoice = client.v1.invoices.retrieve(late.latest_invoice)
    assert (late.status, invoice.status, invoice.attempt_count) == ("past_due", "open", 1)
    assert invoice.next_payment_attempt > sandbox.now()
    sandbox.advance(days=16)
    ended = client.v1.subscriptions.retrieve(subscription.id)
    assert ended.status == "canceled"
    assert ended.cancellation_details.reason == "payment_failed"
    assert types(sandbox).count("invoice.payment_failed") == 4
    assert types(sandbox).count("customer.subscription.deleted") == 1


def test_a_card_that_always_requires_3d_secure_fails_at_renewal(
    sandbox: StripeSandbox, subscribe: Callable[..., Any]
) -> None:
    subscribe("4000002760003184")
    sandbox.advance(days=32)
    assert "invoice.payment_action_required" in types(sandbox)
    assert "invoice.payment_failed" in types(sandbox)


def test_the_amount_is_changed_without_proration(
    client: StripeClient, sandbox: StripeSandbox, subscribe: Callable[..., Any]
) -> None:
    subscription = subscribe()
    item = subscription["items"].data[0]
    price = {
        "currency": "usd",
        "product": item.price.product,
        "recurring": {"interval": "month"},
        "unit_amount": 1500,
    }
    params = {"items": [{"id": item.id, "price_data": price}], "proration_behavior": "none"}
    changed = client.v1.subscriptions.update(subscription.id, params=params)
    assert changed["items"].data[0].price.unit_amount == 1500
    event = sandbox.events("customer.subscription.updated")[-1]
    assert event["data"]["previous_attributes"]["items"]["data"][0]["price"]["unit_amount"] == 1000
    sandbox.advance(days=32)
    assert sandbox.objects("invoice")[0]["amount_paid"] == 1500


def test_a_cancellation_at_the_end_of_the_period_can_be_undone(
    client: StripeClient, sandbox: StripeSandbox, subscribe: Callable[..., Any]
) -> None:
    subscription = subscribe()
    params = {"cancel_at_period_end": True}
    ending = client.v1.subscriptions.update(subscription.id, params=params)
    assert ending.cancel_at == ending["items"].data[0].current_period_end
    client.v1.subscriptions.update(subscription.id, params={"cancel_at_period_end": False})
    sandbox.advance(days=32)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"
    client.v1.subscriptions.update(subscription.id, params=params)
    sandbox.advance(days=32)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    assert len(sandbox.objects("invoice")) == 2


def test_a_canceled_subscription_has_ended(
    client: StripeClient,
    direct: StripeClient,
    sandbox: StripeSandbox,
    subscribe: Callable[..., Any],
) -> None:
    subscription = subscribe()
    gone = client.v1.subscriptions.cancel(subscription.id)
    assert (gone.status, gone.ended_at is not None) == ("canceled", True)
    sandbox.advance(days=100)
    assert len(sandbox.objects("invoice")) == 1
    assert client.v1.subscriptions.list().data == []
    assert len(client.v1.subscriptions.list(params={"status": "all"}).data) == 1
    with pytest.raises(InvalidRequestError):
        direct.v1.subscriptions.cancel(subscription.id)


def test_a_paused_subscription_is_not_charged_until_it_resumes(
    client: StripeClient, sandbox: StripeSandbox, subscribe: Callable[..., Any]
) -> None:
    subscription = subscribe()
    pause = {"behavior": "void", "resumes_at": sandbox.now() + 40 * DAY}
    client.v1.subscriptions.update(subscription.id, params={"pause_collection": pause})
    sandbox.advance(days=35)
    assert sandbox.objects("invoice")[0]["status"] == "void"
    assert len(sandbox.objects("charge")) == 1
    sandbox.advance(days=40)
    assert client.v1.subscriptions.retrieve(subscription.id).pause_collection is None
    assert len(sandbox.objects("charge")) == 2


def test_a_failed_debit_makes_the_subscription_past_due(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    session = give(1000, "month")
    sandbox.pay(session.id, bank="fails")
    name = client.v1.checkout.sessions.retrieve(session.id).subscription
    assert client.v1.subscriptions.retrieve(name).status == "active"
    sandbox.settle(session.id, fail=True)
    assert client.v1.subscriptions.retrieve(name).status == "past_due"


def test_a_declined_first_payment_may_be_retried_with_another_card(
    sandbox: StripeSandbox, give: Callable[..., Any], submit: Callable[..., Any]
) -> None:
    session = give(1000, "month")
    assert submit(session, "4000000000000002").status_code == 402
    assert submit(session).status_code == 303
    assert len(sandbox.objects("subscription")) == 1
    assert sandbox.objects("subscription")[0]["status"] == "active"
    assert sandbox.objects("invoice")[0]["status"] == "paid"
