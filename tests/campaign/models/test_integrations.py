"""A refund is queued for the endpoints that asked. `test_announcing_triggers.py` has the triggers' rules."""

from collections.abc import Callable

import pytest

from campaign.models import WebhookDelivery, WebhookEndpoint
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert
from tests.support.stripe import Facts

Endpoint = Callable[..., int]


@pytest.fixture
def endpoint(installation: Installation) -> Endpoint:
    """Insert an endpoint; return its id."""

    def add(*events: str) -> int:
        shown = {"url": "https://crm.example/hook", "secret": "whsec_x", "created_by": "Ada"}
        return insert(installation, WebhookEndpoint, events=list(events), **shown)

    return add


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
