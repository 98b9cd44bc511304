"""A notification shortens a wait, but is never required."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from campaign import create_app
from campaign.core.settings import Settings
from campaign.core.task_queue import INBOX, TaskNotifier
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
