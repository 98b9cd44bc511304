"""Tokens and webhooks that go out, as their tables keep them. Raw."""

from collections.abc import Callable

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.models import ApiToken, WebhookDelivery, WebhookEndpoint
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert, refusals
from tests.support.stripe import Facts

Endpoint = Callable[..., int]


@pytest.fixture
def endpoint(installation: Installation) -> Endpoint:
    """Insert an endpoint; return its id."""

    def add(*events: str) -> int:
        shown = {"url": "https://crm.example/hook", "secret": "whsec_x", "created_by": "Ada"}
        return insert(installation, WebhookEndpoint, events=list(events), **shown)

    return add


def test_a_secret_is_one_token(installation: Installation) -> None:
    token = {"name": "CRM", "hint": "wxyz", "scopes": [], "created_by": "Ada"}
    insert(installation, ApiToken, digest="one", **token)
    insert(installation, ApiToken, digest="other", **token)
    with pytest.raises(IntegrityError, match="uq_api_token_digest"):
        insert(installation, ApiToken, digest="one", **token)


def test_an_endpoint_is_told_once_of_a_thing_and_each_delivery_has_a_name(
    installation: Installation, endpoint: Endpoint
) -> None:
    shown = {"kind": "donation.paid", "subject_key": "don_1"}
    numbers = [
        insert(installation, WebhookDelivery, endpoint_id=endpoint(), **shown) for _ in range(2)
    ]
    with installation.sessions() as session:
        one, other = (session.get_one(WebhookDelivery, number) for number in numbers)
    assert (one.state, one.attempts, one.body) == ("queued", 0, None)
    assert one.public_id
    assert one.public_id != other.public_id
    with pytest.raises(IntegrityError, match="uq_webhook_delivery_endpoint_id_kind_subject_key"):
        insert(installation, WebhookDelivery, endpoint_id=one.endpoint_id, **shown)


def test_only_what_was_delivered_has_the_moment_of_it(
    installation: Installation, endpoint: Endpoint
) -> None:
    insert(
        installation, WebhookDelivery, endpoint_id=endpoint(), kind="endpoint.test", subject_key="a"
    )
    rules = {
        "state = 'delivered'": "ck_webhook_delivery_delivered",
        "delivered_at = now()": "ck_webhook_delivery_delivered",
        "state = 'delivered', delivered_at = now()": "",
        "state = 'lost'": "ck_webhook_delivery_state",
    }
    assert refusals(installation, "webhook_delivery", rules) == rules


def test_the_database_writes_down_whom_to_tell_that_money_went_back(
    installation: Installation, endpoint: Endpoint, paid: Facts
) -> None:
    shown = endpoint("donation.refunded")
    endpoint("donation.paid")
    over = endpoint("donation.refunded")
    execute(installation, f"UPDATE webhook_endpoint SET disabled_at = now() WHERE id = {over}")
    execute(
        installation,
        "INSERT INTO ledger_entry (campaign_id, donation_id, kind, amount, currency, occurred_at, source)"
        " VALUES (:campaign, :donation, 'refund', -2500, 'usd', now(), 're_1')",
        campaign=paid.donation.campaign_id,
        donation=paid.donation.id,
    )
    with installation.sessions() as session:
        (delivery,) = session.query(WebhookDelivery)
    assert (delivery.endpoint_id, delivery.kind) == (shown, "donation.refunded")
    assert delivery.donation_id == paid.donation.id
