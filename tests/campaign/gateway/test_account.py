"""What the account's setup says, as the key sees it."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.gateway.account import READ_BY_US, EventEndpoint, PortalSettings
from campaign.gateway.client import StripeGateway
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.scripted_stripe import PreparedAnswer, ScriptedStripe, list_of


@pytest.fixture
def gateway(stripe: StripeSandbox) -> StripeGateway:
    return StripeGateway("rk_test_sandbox", sandbox_address(stripe))


def test_the_answer_names_the_accounts_version_and_stripes_time(
    gateway: StripeGateway, stripe: StripeSandbox
) -> None:
    stripe.use_version("2024-06-20")
    stripe.advance(days=3)
    found = gateway.account.read_answer()
    assert found.default_version == "2024-06-20"
    assert found.date is not None
    assert timedelta(days=2) < found.date - datetime.now(UTC) < timedelta(days=4)


def test_no_version_is_named_when_the_default_one_is_asked_for() -> None:
    with ScriptedStripe(list_of()) as stripe:
        found = StripeGateway("sk_test_x", stripe.url).account.read_answer()
    assert found.default_version is None
    assert "stripe-version" not in stripe.calls[0].headers
    assert stripe.calls[0].headers["authorization"] == "Bearer sk_test_x"


def test_a_key_that_may_not_list_events_still_gets_the_answer(
    gateway: StripeGateway, stripe: StripeSandbox
) -> None:
    stripe.take_permissions(["rak_event_read"])
    assert gateway.account.read_answer().default_version == "2026-10-28.endive"
    assert gateway.account.list_unreadable() == [("events", "rak_event_read")]


def test_everything_that_is_read_is_asked_for(gateway: StripeGateway) -> None:
    assert gateway.account.list_unreadable() == []
    with ScriptedStripe(list_of()) as stripe:
        StripeGateway("sk_test_x", stripe.url).account.list_unreadable()
    assert len({call.request for call in stripe.calls}) == len(READ_BY_US)
    assert all(call.values() == {"limit": "1"} for call in stripe.calls)


def test_an_endpoint_misses_what_none_of_its_patterns_names() -> None:
    found = EventEndpoint("we_1", "x", True, False, None, ("invoice.paid", "charge.*"))
    assert found.misses(["invoice.paid", "invoice.voided", "charge.failed"]) == ["invoice.voided"]


def test_the_portal_is_none_until_it_is_saved(
    gateway: StripeGateway, stripe: StripeSandbox
) -> None:
    assert gateway.account.read_portal() == PortalSettings(active=True, updates_cards=True)
    stripe.set_portal(saved=False)
    assert gateway.account.read_portal() is None


def test_an_endpoint_without_optional_fields_is_read() -> None:
    bare = PreparedAnswer(
        {
            "object": "list",
            "data": [{"id": "we_1", "url": "x"}],
            "has_more": False,
            "url": "/v1/x",
        }
    )
    with ScriptedStripe(bare) as stripe:
        (found,) = StripeGateway("sk_test_x", stripe.url).account.list_endpoints()
    assert (found.enabled, found.api_version, found.events) == (False, None, ())
