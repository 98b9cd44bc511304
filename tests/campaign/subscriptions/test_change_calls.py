"""What each change of a monthly gift sends to Stripe and records: the card, the amount, the log, the emails to send."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.core.errors import GatewayRefused, GatewayUnavailable
from campaign.core.money import LARGEST_CHARGE
from campaign.core.task_queue import OUTBOX
from campaign.gateway.client import StripeGateway
from campaign.models import AuditEntry, StaffRole, Subscription
from campaign.runtime.context import Installation
from campaign.subscriptions import change_flow
from sandbox.stripe import StripeSandbox
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.monthly_gifts import change_requests
from tests.support.notifier import RecordingNotifier
from tests.support.subscription_facts import only_subscription

FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def test_the_card_that_the_donor_chose_is_charged_from_now_on_and_set_only_once(
    installation: Installation, gift: Subscription, stripe: StripeSandbox
) -> None:
    change_flow.use_new_card(installation, gift)
    assert change_requests(installation) == []
    account = stripe.account
    with account.transaction():
        card = account.add({**account.every("payment_method")[0], "id": "pm_new"})
        customer = account.get("customer", gift.customer_id or "")
        settings = {**customer["invoice_settings"], "default_payment_method": card["id"]}
        account.change(customer, invoice_settings=settings)
    for _ in range(2):
        change_flow.use_new_card(installation, gift)
    (call,) = change_requests(installation)
    assert (call.operation, call.parameters) == (
        "subscription_card",
        {"default_payment_method": "pm_new"},
    )
    assert stripe.objects("subscription")[0]["default_payment_method"] == "pm_new"


def test_a_new_amount_is_charged_at_stripe_in_both_items_and_logged_with_the_old_one(
    installation: Installation, gift: Subscription, stripe: StripeSandbox
) -> None:
    change_flow.change_amount(installation, gift, 4000, FAY)
    items = stripe.objects("subscription")[0]["items"]["data"]
    assert [one["price"]["unit_amount"] for one in items] == [4000, 150]
    assert stripe.objects("subscription")[0]["metadata"]["gift"] == "4000"
    (call,) = change_requests(installation)
    assert call.idempotency_key == f"subscription-amount-{gift.stripe_id}-1"
    assert (call.result_id, call.error) == (gift.stripe_id, None)
    assert call.answered_at is not None
    with installation.sessions() as session:
        (entry,) = session.scalars(select(AuditEntry))
    assert (entry.actor, entry.action, entry.campaign_id) == (
        FAY.name,
        "subscription.changed",
        gift.campaign_id,
    )
    assert entry.before == {"state": "active", "amount": 2500, "fee_cover": 106}
    assert entry.after == {"subscription": gift.stripe_id, "amount": 4000, "fee_cover": 150}


def test_covered_fees_are_of_the_gifts_currency_and_of_our_rates(
    installation: Installation, gift: Subscription
) -> None:
    settings = replace(installation.settings, card_fee_rate=Decimal("0.1"), card_fee_fixed=0)
    dear = replace(installation, settings=settings)
    assert change_flow.cover_for(dear, gift, 9000) == 1000
    gift.currency = "jpy"
    assert change_flow.cover_for(dear, gift, 9) == 1


def test_the_largest_amount_may_still_be_charged(
    installation: Installation, gift: Subscription
) -> None:
    with installation.sessions.begin() as session:
        session.get_one(Subscription, gift.id).fee_cover = 0
    gift.fee_cover = 0
    found = change_flow.change_amount(installation, gift, LARGEST_CHARGE)
    assert found.amount + found.fee_cover == LARGEST_CHARGE


@pytest.mark.parametrize("later", [False, True])
def test_a_cancellation_is_logged_before_stripe_is_called(
    installation: Installation, gift: Subscription, later: bool
) -> None:
    away = replace(installation, make_gateway=lambda: StripeGateway("sk_test_sandbox", UNREACHABLE))
    with pytest.raises(GatewayUnavailable):
        change_flow.cancel(away, gift, FAY, later=later)
    with installation.sessions() as session:
        (entry,) = session.scalars(select(AuditEntry))
    assert entry.after["when"] == ("at the end of the period" if later else "at once")
    assert only_subscription(installation).state == "active"
    (call,) = change_requests(installation)
    # It may have arrived, so its key is not spent.
    assert (call.error, call.answered_at) == (None, None)


def test_every_answer_asks_for_its_emails(
    installation: Installation, gift: Subscription, stripe: StripeSandbox
) -> None:
    notifier = RecordingNotifier()
    here = replace(installation, notify=notifier)
    change_flow.refresh(here, gift)
    change_flow.cancel(here, gift, None)
    assert notifier.asked == [OUTBOX, OUTBOX]


def test_a_refresh_brings_what_was_changed_in_stripes_dashboard(
    installation: Installation, gift: Subscription, stripe: StripeSandbox
) -> None:
    until = (now() + timedelta(days=40)).replace(microsecond=0)
    pause = {"behavior": "void", "resumes_at": int(until.timestamp())}
    account = stripe.account
    with account.transaction():
        account.change(account.every("subscription")[0], pause_collection=pause)
    found = change_flow.refresh(installation, gift)
    assert (found.state, found.paused_until) == ("paused", until)
    assert change_requests(installation) == []


def test_a_refused_cancellation_of_a_gift_that_goes_on_is_an_error(
    installation: Installation,
    gift: Subscription,
    stripe: StripeSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: str) -> None:
        raise GatewayRefused("no")

    refusing = StripeGateway("sk_test_sandbox", sandbox_address(stripe))
    monkeypatch.setattr(refusing.subscriptions, "cancel", refuse)
    with pytest.raises(GatewayRefused, match="no"):
        change_flow.cancel(replace(installation, make_gateway=lambda: refusing), gift, None)
    assert only_subscription(installation).state == "active"
    (call,) = change_requests(installation)
    assert call.error == "no"
