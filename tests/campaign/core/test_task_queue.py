"""A notification shortens a wait, but is never required."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from kombu.connection import Connection
from werkzeug.test import TestResponse

from campaign import create_app
from campaign.core.settings import Settings
from campaign.core.task_queue import INBOX, OUTBOX, TaskNotifier
from campaign.models import Campaign
from campaign.runtime.context import make_installation
from sandbox.servers import PrivateBroker
from tests.support.stripe import signature

NOBODY = "redis://127.0.0.1:9/0"


@pytest.fixture
def broker() -> Iterator[PrivateBroker]:
    with PrivateBroker() as running:
        yield running


@pytest.fixture
def brokerless(settings: Settings) -> Iterator[FlaskClient]:
    """The web application with a configured broker that does not respond."""
    made = create_app(make_installation(replace(settings, broker_url=NOBODY)))
    yield made.test_client()
    made.extensions["live"].close()


def test_a_broker_receives_the_task(broker: PrivateBroker) -> None:
    assert TaskNotifier(broker.url)(INBOX) is True


def test_workers_receive_the_task_by_its_name_as_json_and_store_no_result(
    broker: PrivateBroker,
) -> None:
    for task in (INBOX, OUTBOX):
        assert TaskNotifier(broker.url)(task)
    names = set()
    with Connection(broker.url) as connection, connection.SimpleQueue("celery") as queue:
        for _ in range(2):
            message = queue.get(timeout=30)
            assert message.payload[:2] == [[], {}]
            assert message.content_type == "application/json"
            assert message.headers["ignore_result"] is True
            names.add(message.headers["task"])
            message.ack()
        with pytest.raises(queue.Empty):
            queue.get_nowait()
    assert names == {"workers.inbox.drain", "workers.outbox.drain"}


def test_a_silent_broker_costs_a_donor_seconds_at_most() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        begun = time.monotonic()
        assert TaskNotifier(f"redis://127.0.0.1:{port}/0")(INBOX) is False
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("url", [None, NOBODY, "amqp://127.0.0.1:9//"])
def test_without_a_broker_nothing_fails(url: str | None) -> None:
    assert TaskNotifier(url)(INBOX) is False


def test_a_recovered_broker_is_used_again(broker: PrivateBroker) -> None:
    notify = TaskNotifier(broker.url)
    assert notify(INBOX)
    broker.stop()
    assert not notify(INBOX)
    with PrivateBroker() as other:
        assert TaskNotifier(other.url)(INBOX)


def test_events_and_forms_are_accepted_without_the_broker(
    brokerless: FlaskClient, campaign: Campaign, post: Callable[..., TestResponse]
) -> None:
    assert post(brokerless).status_code == 200
    form = {"amount": "x", "email": "ana@example.org", "attempt": "a"}
    assert brokerless.post("/c/nine-days/donate", data=form).status_code == 422


@pytest.fixture
def post() -> Callable[..., TestResponse]:
    """Post a signed event."""

    def send(client: FlaskClient) -> TestResponse:
        body = b'{"id":"evt_1","type":"x","livemode":false,"created":1,"data":{"object":{}}}'
        headers = {"Stripe-Signature": signature(body)}
        return client.post("/stripe/webhook", data=body, headers=headers)

    return send
