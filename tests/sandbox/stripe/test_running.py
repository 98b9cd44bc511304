"""Injected faults, restarts, and the sandbox as a separate process."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from stripe import APIConnectionError, APIError, RateLimitError, StripeClient

from sandbox.stripe import CardDeclined, StripeSandbox
from tests.sandbox.stripe.conftest import KEY, Receiver, client_for

ROOT = Path(__file__).parents[3]


def test_a_dropped_request_was_not_executed(
    direct: StripeClient, sandbox: StripeSandbox, parameters: Callable[..., Any]
) -> None:
    sandbox.fault("POST /v1/checkout/sessions", "drop_before")
    with pytest.raises(APIConnectionError):
        direct.v1.checkout.sessions.create(params=parameters())
    assert sandbox.objects("checkout.session") == []


def test_a_lost_response_is_returned_again_for_its_key(
    direct: StripeClient, sandbox: StripeSandbox, parameters: Callable[..., Any]
) -> None:
    sandbox.fault("POST /v1/checkout/sessions", "drop_after")
    options = {"idempotency_key": "donation-1"}
    with pytest.raises(APIConnectionError):
        direct.v1.checkout.sessions.create(params=parameters(), options=options)
    (made,) = sandbox.objects("checkout.session")
    again = direct.v1.checkout.sessions.create(params=parameters(), options=options)
    assert again.id == made["id"]
    assert len(sandbox.objects("checkout.session")) == 1


@pytest.mark.parametrize(
    ("mode", "error"),
    [("500", APIError), ("429", RateLimitError), ("409", APIError)],
)
def test_injected_errors_end_after_their_number_of_times(
    direct: StripeClient, sandbox: StripeSandbox, mode: str, error: type[Exception]
) -> None:
    sandbox.fault("GET /v1/events*", mode, times=2)
    for _ in range(2):
        with pytest.raises(error):
            direct.v1.events.list()
    assert direct.v1.events.list().data == []


def test_the_sdks_retries_recover_from_a_dropped_response(
    sandbox: StripeSandbox, parameters: Callable[..., Any]
) -> None:
    sandbox.fault("POST /v1/checkout/sessions", "drop_after", times=1)
    base = {"api": sandbox.url}
    patient = StripeClient(KEY, base_addresses=base, max_network_retries=2)
    assert patient.v1.checkout.sessions.create(params=parameters()).status == "open"
    assert len(sandbox.objects("checkout.session")) == 1


def test_a_stopped_sandbox_is_unreachable_at_once(parameters: Callable[..., Any]) -> None:
    sandbox = StripeSandbox().start()
    client = client_for(sandbox.url)
    client.v1.checkout.sessions.create(params=parameters())
    sandbox.stop()
    with pytest.raises(APIConnectionError):
        client.v1.events.list()


def test_a_restart_keeps_everything(
    tmp_path: Path, receiver: Receiver, parameters: Callable[..., Any]
) -> None:
    hook, key = {"webhook_url": receiver.url}, {"idempotency_key": "k1"}
    with StripeSandbox(folder=tmp_path, **hook) as first:
        opened = client_for(first.url).v1.checkout.sessions.create(params=parameters(), options=key)
        monthly = client_for(first.url).v1.checkout.sessions.create(params=parameters(900, "month"))
        first.pay(monthly.id)
        first.deliver_all()
        first.deliver("hold")
        first.pay(opened.id)
        first.advance(days=20)
        now, events = first.now(), [event["id"] for event in first.events()]
    with StripeSandbox(folder=tmp_path, **hook) as second:
        client = client_for(second.url)
        assert second.now() >= now
        assert [event["id"] for event in second.events()] == events
        assert client.v1.checkout.sessions.retrieve(opened.id).payment_status == "paid"
        assert second.release() == 4
        second.deliver_normally()
        second.advance(days=12)
        assert len(second.events("invoice.paid")) == 2
        second.deliver_all()
        assert set(events) <= set(receiver.ids)


def test_a_key_survives_a_restart(tmp_path: Path, parameters: Callable[..., Any]) -> None:
    names = set()
    for _ in range(2):
        with StripeSandbox(folder=tmp_path) as sandbox:
            made = client_for(sandbox.url).v1.checkout.sessions.create(
                params=parameters(), options={"idempotency_key": "k1"}
            )
            names.add(made.id)
    assert len(names) == 1


def test_reset_leaves_an_empty_account_with_its_webhooks(
    sandbox: StripeSandbox, receiver: Receiver, give: Callable[..., Any]
) -> None:
    sandbox.pay(give().id)
    sandbox.deliver_all()
    sandbox.reset()
    assert sandbox.events() == []
    receiver.received.clear()
    sandbox.pay(give().id)
    sandbox.deliver_all()
    assert len(receiver.received) == 4


def test_the_controls_work_over_http(sandbox: StripeSandbox, give: Callable[..., Any]) -> None:
    def control(path: str, **given: Any) -> requests.Response:
        return requests.post(f"{sandbox.url}/_sandbox/{path}", json=given, timeout=60)

    session = give()
    assert control(f"sessions/{session.id}/pay", card="4000000000000002").status_code == 402
    assert control(f"sessions/{session.id}/pay").json()["payment_status"] == "paid"
    assert control(f"charges/{session.id}/refund", amount=100).json()["amount"] == 100
    assert control("clock", days=2).json()["result"] >= sandbox.now() - 1
    assert control("deliveries", mode="nonsense").status_code == 400
    assert control("clock", weeks=2).status_code == 400
    listed = requests.get(f"{sandbox.url}/_sandbox/events?match=charge.*", timeout=60).json()
    assert [event["type"] for event in listed] == [
        "charge.failed",
        "charge.succeeded",
        "charge.refunded",
    ]
    assert control("reset").status_code == 200


def test_paying_in_process_raises_the_decline(
    sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    with pytest.raises(CardDeclined) as declined:
        sandbox.pay(give().id, "4000000000009995")
    assert declined.value.members["decline_code"] == "insufficient_funds"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_as_a_process_it_prints_its_address_and_stops_on_a_signal(
    tmp_path: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "-m", "sandbox.stripe", "--port", "0", "--data", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        found = re.fullmatch(r"Stripe sandbox: (http://127\.0\.0\.1:\d+)\n", line)
        assert found
        assert client_for(found[1]).v1.events.list().data == []
        process.send_signal(number)
        assert process.wait(60) == 0
