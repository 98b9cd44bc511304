"""Changes of a monthly gift: recorded, sent to Stripe, applied; what Stripe rejects changes nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.core.errors import ChangeRefused, GatewayRefused
from campaign.core.money import LARGEST_CHARGE
from campaign.models import AuditEntry, StaffRole, Subscription
from campaign.runtime.context import Installation
from campaign.subscriptions import change_flow
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.monthly_gifts import change_requests
from tests.support.subscription_facts import only_subscription

FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def actions(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_covered_fees_follow_the_amount(installation: Installation, gift: Subscription) -> None:
    found = change_flow.change_amount(installation, gift, 4000)
    assert (found.amount, found.fee_cover) == (4000, 150)
    gift.fee_cover = 0
    assert change_flow.cover_for(installation, gift, 4000) == 0


def test_an_amount_above_the_maximum_with_fees_is_refused_and_not_recorded(
    installation: Installation, gift: Subscription
) -> None:
    for amount in (LARGEST_CHARGE, LARGEST_CHARGE - 1):
        with pytest.raises(ChangeRefused, match="more than we can charge at one time"):
            change_flow.change_amount(installation, gift, amount, FAY)
    assert (change_requests(installation), actions(installation)) == ([], [])


def test_a_pause_keeps_its_date_and_can_be_ended(
    installation: Installation, gift: Subscription, stripe: StripeSandbox
) -> None:
    until = (now() + timedelta(days=60)).replace(microsecond=0)
    paused = change_flow.pause(installation, gift, until)
    assert (paused.state, paused.paused_until) == ("paused", until)
    resumed = change_flow.resume(installation, paused, FAY)
    assert (resumed.state, resumed.paused_until) == ("active", None)
    # What the donor does is no entry of the staff's log.
    assert actions(installation) == ["subscription.resumed"]
    assert [one.result_id for one in change_requests(installation)] == [gift.stripe_id] * 2


@pytest.mark.parametrize("by", [None, FAY])
def test_canceling_later_keeps_the_gift_active_and_canceling_now_does_not(
    installation: Installation, gift: Subscription, stripe: StripeSandbox, by: Actor | None
) -> None:
    later = change_flow.cancel(installation, gift, by, later=True)
    assert (later.state, later.ends_at_period_end) == ("active", True)
    over = change_flow.cancel(installation, later, by)
    assert (over.state, over.ends_at_period_end) == ("ended", False)
    comment = stripe.objects("subscription")[0]["cancellation_details"]["comment"]
    assert comment == f"Canceled by {'staff' if by else 'the donor'}."
    assert actions(installation) == ["subscription.ended"] * (2 if by else 0)


def test_a_gift_already_canceled_at_stripe_is_canceled_and_cannot_change(
    installation: Installation, gift: Subscription
) -> None:
    installation.gateway.subscriptions.cancel(gift.stripe_id, "In the dashboard.")
    assert change_flow.cancel(installation, gift, None).state == "ended"
    with pytest.raises(ChangeRefused, match="This gift is canceled"):
        change_flow.resume(installation, gift)


def test_a_refusal_is_recorded_with_its_call_and_changes_nothing(
    installation: Installation, gift: Subscription
) -> None:
    installation.gateway.subscriptions.cancel(gift.stripe_id, "In the dashboard.")
    with pytest.raises(GatewayRefused):
        change_flow.pause(installation, gift, now() + timedelta(days=60))
    (call,) = change_requests(installation)
    assert (call.answered_at, bool(call.error)) == (None, True)
    assert only_subscription(installation).state == "active"


def test_the_card_page_opens_in_any_language_and_without_a_known_customer(
    installation: Installation, gift: Subscription
) -> None:
    with installation.sessions.begin() as session:
        session.get_one(Subscription, gift.id).customer_id = None
    gift.customer_id = None
    address = change_flow.open_card_page(installation, gift, "http://localhost/back", "es")
    assert address.startswith("http")
    found = only_subscription(installation)
    (call,) = change_requests(installation)
    assert (call.result_id, call.parameters["locale"]) == (found.customer_id, "es-419")
