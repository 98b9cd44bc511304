"""What a checkout sends to Stripe, when it asks again, and which gift it never opens a page for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from campaign.checkout.flow import CheckoutRequest, begin_checkout
from campaign.checkout.session_requests import RedirectUrls, session_parameters
from campaign.checkout.sync import sync_donation, sync_session
from campaign.core.clock import now
from campaign.core.task_queue import OUTBOX
from campaign.donations.donations import Gift
from campaign.gateway.client import StripeGateway
from campaign.models import Campaign, CampaignText, Donation, LedgerEntry, StripeRequest
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.ledger import add_donation_to, campaign_in
from tests.support.notifier import RecordingNotifier
from tests.support.stripe import Facts

URLS = RedirectUrls("http://localhost/thanks", "http://localhost/back")


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def begin(installation: Installation, **changes: Any) -> Donation:
    gift = {"email": "ana@example.org", "amount": 2500, "frequency": "one_time", "attempt": "a-1"}
    asked = CheckoutRequest("nine-days", Gift(**{**gift, **changes}), lambda _: URLS)
    return begin_checkout(installation, asked).donation


def age_call(installation: Installation, seconds: float) -> None:
    """Backdate the call to Stripe, not the form."""
    with installation.sessions.begin() as session:
        session.execute(update(StripeRequest).values(created_at=now() - timedelta(seconds=seconds)))


def read(installation: Installation, donation: Donation) -> Donation:
    with installation.sessions() as session:
        return session.get_one(Donation, donation.id)


def parameters(installation: Installation, facts: Facts) -> dict[str, Any]:
    with installation.sessions() as session:
        donation = session.get_one(Donation, facts.donation.id)
        organization = installation.settings.organization
        return session_parameters(donation, "Nine days", organization, URLS)


def test_a_one_time_gift_is_described_to_the_donor_and_on_the_payment(
    installation: Installation, give: Callable[..., Facts]
) -> None:
    asked = parameters(installation, give(fee_cover=106))
    assert asked["customer_email"] == "ana@example.org"
    assert asked["payment_intent_data"]["description"] == (
        "Donation to The Harbor Ledger: Nine days"
    )
    assert [
        (one["quantity"], one["price_data"]["unit_amount"], one["price_data"]["product_data"])
        for one in asked["line_items"]
    ] == [
        (1, 2500, {"name": "Donation to The Harbor Ledger", "description": "Nine days"}),
        (1, 106, {"name": "Card fees covered", "description": "Added by you to cover the fees"}),
    ]


def test_a_subscription_says_whose_gift_it_is_and_its_parts_even_without_covered_fees(
    installation: Installation, give: Callable[..., Facts]
) -> None:
    facts = give(frequency="yearly")
    asked = parameters(installation, facts)
    assert asked["subscription_data"]["metadata"] == {
        "donation_id": facts.donation.public_id,
        "campaign": "nine-days",
        "gift": "2500",
        "cover": "0",
    }
    assert len(asked["line_items"]) == 1
    assert asked["submit_type"] == "donate"


def test_the_page_is_in_the_donors_language_with_the_campaigns_title_in_it(
    installation: Installation, stripe: StripeSandbox
) -> None:
    campaign = campaign_in(installation, "usd", slug="nine-days", title="Every story")
    with installation.sessions.begin() as session:
        session.add(CampaignText(campaign_id=campaign.id, locale="es", title="Cada historia"))
    begin(installation, locale="es-MX")
    with installation.sessions() as session:
        (call,) = session.scalars(select(StripeRequest))
        assert call.operation == "checkout_session"
    product = call.parameters["line_items"][0]["price_data"]["product_data"]
    assert product["description"] == "Cada historia"
    assert product["name"] == "Donación a The Harbor Ledger"
    assert call.parameters["locale"] == "es-419"
    assert (call.parameters["success_url"], call.parameters["cancel_url"]) == (
        URLS.success_url,
        URLS.cancel_url,
    )


@pytest.mark.parametrize(("seconds", "asked_again"), [(25, False), (31, True)])
def test_stripe_is_asked_about_a_session_only_after_the_time_of_a_double_click(
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    seconds: int,
    asked_again: bool,
) -> None:
    first = begin(installation)
    stripe.pay(first.session_id or "")
    age_call(installation, seconds)
    again = begin(installation)
    assert (read(installation, first).state == "paid") is asked_again
    assert (again.id != first.id) is asked_again


def test_a_session_is_read_and_booked_without_its_webhook_once(
    installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    notifier = RecordingNotifier()
    here = replace(installation, notify=notifier)
    first = begin(here)
    assert (sync_donation(here, first), notifier.asked) == (False, [])
    stripe.pay(first.session_id or "")
    assert [sync_donation(here, first) for _ in range(2)] == [True, False]
    assert (read(here, first).state, notifier.asked) == ("paid", [OUTBOX])


@pytest.mark.parametrize("changes", [{"amount_total": 2499}, {"currency": "eur"}])
def test_a_session_of_another_amount_or_currency_is_not_booked_and_stops_no_page(
    installation: Installation, campaign: Campaign, stripe: StripeSandbox, changes: dict[str, Any]
) -> None:
    first = begin(installation)
    stripe.pay(first.session_id or "")
    account = stripe.account
    with account.transaction():
        account.change(account.every("checkout.session")[0], **changes)
    assert not sync_donation(installation, first)
    assert read(installation, first).state == "pending"
    with installation.sessions() as session:
        assert session.scalars(select(LedgerEntry)).all() == []


def test_an_unknown_session_or_an_unreachable_stripe_changes_nothing(
    installation: Installation, campaign: Campaign
) -> None:
    first = begin(installation)
    assert not sync_session(installation, "cs_unknown", first.public_id)
    away = replace(installation, make_gateway=lambda: StripeGateway("sk_test_sandbox", UNREACHABLE))
    assert not sync_donation(away, first)
    assert read(installation, first).state == "pending"


def test_another_persons_gift_of_the_same_form_is_another_session(
    installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    first, second = begin(installation), begin(installation, email="ben@example.org")
    assert first.id != second.id
    assert first.session_id != second.session_id
    assert {one["customer_email"] for one in stripe.objects("checkout.session")} == {
        "ana@example.org",
        "ben@example.org",
    }


def test_a_gift_in_yen_is_charged_in_yen(installation: Installation) -> None:
    facts = add_donation_to(installation, campaign_in(installation, "jpy"), 300)
    (line,) = parameters(installation, facts)["line_items"]
    assert (line["price_data"]["currency"], line["price_data"]["unit_amount"]) == ("jpy", 300)
