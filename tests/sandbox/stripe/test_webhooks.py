"""Webhooks: signed, retried, and with simulated network faults."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from stripe import SignatureVerificationError, StripeClient, WebhookSignature

from sandbox.stripe import StripeSandbox
from tests.sandbox.stripe.conftest import SECRET, Receiver


@pytest.fixture
def paid(sandbox: StripeSandbox, give: Callable[..., Any]) -> Callable[..., Any]:
    session = give()
    return lambda: sandbox.pay(session.id)


ALL = [
    "charge.succeeded",
    "checkout.session.completed",
    "payment_intent.created",
    "payment_intent.succeeded",
]


def test_every_event_arrives_signed_and_complete(
    sandbox: StripeSandbox, receiver: Receiver, paid: Callable[..., Any]
) -> None:
    paid()
    sandbox.deliver_all()
    assert sorted(receiver.types) == ALL
    for body, signature in receiver.received:
        assert WebhookSignature.verify_header(body.decode(), signature, SECRET, 300)
        event = json.loads(body)
        assert (event["object"], event["livemode"]) == ("event", False)
        assert event["api_version"] == "2026-10-28.endive"
        assert event["pending_webhooks"] == 1
    assert sandbox.events()[0]["pending_webhooks"] == 0


def test_signatures_use_real_time_when_the_clock_was_moved(
    sandbox: StripeSandbox, receiver: Receiver, paid: Callable[..., Any]
) -> None:
    sandbox.advance(hours=5)
    paid()
    sandbox.deliver_all()
    stamp = int(receiver.received[0][1].partition(",")[0][2:])
    assert abs(stamp - time.time()) < 60
    assert json.loads(receiver.received[0][0])["created"] > time.time() + 3600 * 4


def test_another_secret_does_not_verify(
    sandbox: StripeSandbox, receiver: Receiver, paid: Callable[..., Any]
) -> None:
    paid()
    sandbox.deliver_all()
    body, signature = receiver.received[0]
    with pytest.raises(SignatureVerificationError):
        WebhookSignature.verify_header(body.decode(), signature, "whsec_other", 300)


def test_a_failed_delivery_is_retried(
    client: StripeClient,
    sandbox: StripeSandbox,
    receiver: Receiver,
    paid: Callable[..., Any],
) -> None:
    receiver.status = 503
    paid()
    sandbox.deliver_all()
    undelivered = client.v1.events.list(params={"delivery_success": False}).data
    assert sorted(event.type for event in undelivered) == ALL
    attempt = sandbox.event(undelivered[0].id)["deliveries"][0]["attempts"][0]
    assert attempt["status"] == 503
    receiver.status = 204
    sandbox.advance(seconds=5)
    sandbox.deliver_all()
    assert client.v1.events.list(params={"delivery_success": False}).data == []
    assert len(client.v1.events.list(params={"delivery_success": True}).data) == 4


def test_deliveries_fail_after_three_days_of_retries(
    client: StripeClient,
    sandbox: StripeSandbox,
    receiver: Receiver,
    paid: Callable[..., Any],
) -> None:
    receiver.status = 500
    paid()
    for _ in range(20):
        sandbox.deliver_all()
        sandbox.advance(hours=12)
    states = {copy["state"] for event in sandbox.events() for copy in event["deliveries"]}
    assert states == {"failed"}
    assert len(client.v1.events.list(params={"delivery_success": False}).data) == 4


def test_duplicates(sandbox: StripeSandbox, receiver: Receiver, paid: Callable[..., Any]) -> None:
    sandbox.deliver("duplicate", "payment_intent.*", times=3)
    paid()
    sandbox.deliver_all()
    assert receiver.types.count("payment_intent.succeeded") == 3
    assert receiver.types.count("checkout.session.completed") == 1
    assert len(set(receiver.ids)) == 4


def test_lost_events_are_listed_as_undelivered(
    client: StripeClient,
    sandbox: StripeSandbox,
    receiver: Receiver,
    paid: Callable[..., Any],
) -> None:
    sandbox.deliver("lose", "checkout.session.completed")
    paid()
    sandbox.deliver_all()
    assert "checkout.session.completed" not in receiver.types
    (lost,) = client.v1.events.list(params={"delivery_success": False}).data
    assert lost.type == "checkout.session.completed"
    assert lost.data.object["payment_status"] == "paid"
    sandbox.redeliver(lost.id)
    sandbox.deliver_all()
    assert receiver.ids[-1] == lost.id


def test_reversed(sandbox: StripeSandbox, receiver: Receiver, paid: Callable[..., Any]) -> None:
    sandbox.deliver("reverse")
    paid()
    sandbox.deliver_all()
    assert receiver.ids == [event["id"] for event in sandbox.events()][::-1]


def test_reordered_events_all_arrive(
    sandbox: StripeSandbox, receiver: Receiver, paid: Callable[..., Any]
) -> None:
    sandbox.deliver("reorder")
    paid()
    sandbox.deliver_all()
    assert sorted(receiver.types) == ALL


def test_held_until_released(
    sandbox: StripeSandbox, receiver: Receiver, paid: Callable[..., Any]
) -> None:
    sandbox.deliver("hold")
    paid()
    sandbox.deliver_all()
    assert receiver.received == []
    assert sandbox.release("reverse") == 4
    sandbox.deliver_all()
    assert receiver.ids == [event["id"] for event in sandbox.events()][::-1]


def test_delayed_by_the_sandbox_s_clock(
    sandbox: StripeSandbox, receiver: Receiver, paid: Callable[..., Any]
) -> None:
    sandbox.deliver("delay", "charge.*", seconds=600)
    paid()
    sandbox.deliver_all()
    assert "charge.succeeded" not in receiver.types
    sandbox.advance(seconds=601)
    sandbox.deliver_all()
    assert "charge.succeeded" in receiver.types


def test_a_mode_for_one_event_only(
    sandbox: StripeSandbox, receiver: Receiver, give: Callable[..., Any]
) -> None:
    sandbox.deliver("lose", "checkout.session.completed", events=1)
    for _ in range(2):
        sandbox.pay(give().id)
    sandbox.deliver_all()
    assert receiver.types.count("checkout.session.completed") == 1


def test_an_endpoint_created_by_the_api_receives_its_events(
    client: StripeClient,
    sandbox: StripeSandbox,
    receiver: Receiver,
    paid: Callable[..., Any],
) -> None:
    made = client.v1.webhook_endpoints.create(
        params={"url": receiver.url, "enabled_events": ["charge.succeeded"]}
    )
    paid()
    sandbox.deliver_all()
    bodies = [found for found in receiver.received if b"charge.succeeded" in found[0]]
    assert len(bodies) == 2
    assert any(_verifies(found, made.secret) for found in bodies)


def _verifies(found: tuple[bytes, str], secret: str) -> bool:
    try:
        return WebhookSignature.verify_header(found[0].decode(), found[1], secret, 300)
    except SignatureVerificationError:
        return False


def test_two_sandboxes_in_one_process_are_independent(
    sandbox: StripeSandbox, receiver: Receiver, paid: Callable[..., Any]
) -> None:
    with StripeSandbox() as other:
        paid()
        assert other.objects("event") == []
        assert len(sandbox.objects("event")) == 4


def test_an_event_names_the_request_that_caused_it(
    client: StripeClient, sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    paid()
    charge = sandbox.objects("charge")[0]["id"]
    client.v1.refunds.create(params={"charge": charge}, options={"idempotency_key": "refund-1"})
    event = sandbox.events("charge.refunded")[0]
    assert event["request"]["idempotency_key"] == "refund-1"
    assert event["request"]["id"].startswith("req_")
    assert sandbox.events("charge.succeeded")[0]["request"] == {"id": None, "idempotency_key": None}
