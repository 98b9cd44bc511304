"""Our own refunds: the refundable amount, and that each is booked once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.core.errors import RefundRefused, RefundUnconfirmed
from campaign.models import Campaign, Donation, InvoicePayment
from campaign.refunds.flow import finish_refunds, refund_donation
from campaign.refunds.refunds import RefundRequest
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.refunds import (
    EDITOR,
    assert_one_refund,
    idempotency_keys,
    pay,
    refund_request,
    refund_rows,
    state,
)

CREATE = "POST /v1/refunds"


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def test_a_whole_refund_is_made_and_booked(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    asked = refund_request(gift, reason="requested_by_customer", note="Gave by mistake")
    refund = refund_donation(installation, asked)
    assert (refund.state, refund.amount, refund.requested_by) == ("succeeded", 2500, "editor")
    assert state(installation, gift) == "refunded"
    assert_one_refund(installation, stripe)
    made = stripe.objects("refund")[0]
    assert (made["reason"], made["metadata"]["note"]) == (asked.reason, asked.note)
    assert idempotency_keys(installation) == [f"refund-{asked.token}-1"]


def test_parts_may_be_refunded_until_nothing_is_left(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    refund_donation(installation, refund_request(gift, 1000))
    assert state(installation, gift) == "partially_refunded"
    with pytest.raises(RefundRefused, match=r"\$15 of \$25 is refundable; \$10 refunded"):
        refund_donation(installation, refund_request(gift, 1501))
    refund_donation(installation, refund_request(gift))
    assert state(installation, gift) == "refunded"
    with pytest.raises(RefundRefused, match=r"\$0 of \$25 is refundable"):
        refund_donation(installation, refund_request(gift))
    assert sorted(made["amount"] for made in stripe.objects("refund")) == [1000, 1500]


@pytest.mark.parametrize(
    "more",
    [{"amount": 0}, {"amount": -5}, {"reason": "spite"}, {"note": "n" * 501}, {"token": "x"}],
)
def test_invalid_requests_are_rejected_before_anything_is_saved(
    installation: Installation, gift: Donation, stripe: StripeSandbox, more: dict[str, Any]
) -> None:
    with pytest.raises(RefundRefused):
        refund_donation(installation, refund_request(gift, **more))
    assert (refund_rows(installation), stripe.objects("refund")) == ([], [])


def test_unpaid_and_unknown_donations_are_rejected(
    client: FlaskClient, installation: Installation, campaign: Campaign, give: Callable[..., Any]
) -> None:
    with pytest.raises(RefundRefused, match="no payment to refund"):
        refund_donation(installation, refund_request(give().donation))
    with pytest.raises(RefundRefused, match="no donation"):
        refund_donation(installation, RefundRequest("unknown", None, EDITOR, "request-x"))


def test_a_double_click_is_one_refund(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    asked = refund_request(gift, 1000)
    stripe.fault(CREATE, "slow", times=1, seconds=0.5)
    with ThreadPoolExecutor(6) as threads:
        made = [threads.submit(refund_donation, installation, asked) for _ in range(6)]
    assert {one.result().amount for one in made if not one.exception()} == {1000}
    assert all(isinstance(one.exception(), RefundUnconfirmed) for one in made if one.exception())
    assert refund_donation(installation, asked).state == "succeeded"
    assert_one_refund(installation, stripe, 1000)


def test_two_people_cannot_refund_more_than_is_refundable(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    def both(asked: RefundRequest) -> bool:
        try:
            refund_donation(installation, asked)
        except RefundRefused:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(both, [refund_request(gift, 2000) for _ in range(4)])) == 1
    assert_one_refund(installation, stripe, 2000)


def test_stripes_rejection_is_saved_with_its_message_and_the_gift_is_unchanged(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    dispute = stripe.dispute(gift.session_id or "")
    with pytest.raises(RefundRefused, match="charged back"):
        refund_donation(installation, refund_request(gift))
    (row,) = refund_rows(installation)
    assert row.state == "refused"
    assert "charge_disputed" in (row.failure_reason or "")
    assert state(installation, gift) == "paid"
    assert finish_refunds(installation) == 0
    stripe.close_dispute(dispute["id"], won=True)
    assert stripe.objects("refund") == []


def test_a_refund_in_stripes_dashboard_reduces_the_refundable_amount(
    installation: Installation, gift: Donation, stripe: StripeSandbox
) -> None:
    stripe.refund(gift.session_id or "", 2000)
    with pytest.raises(RefundRefused, match="greater than unrefunded amount"):
        refund_donation(installation, refund_request(gift, 1000))
    assert refund_donation(installation, refund_request(gift, 500)).state == "succeeded"


def test_a_refund_that_fails_afterwards_can_be_made_again(
    installation: Installation,
    gift: Donation,
    stripe: StripeSandbox,
    store: Callable[..., None],
) -> None:
    made = refund_donation(installation, refund_request(gift))
    stripe.end_refund(made.stripe_id or "", fail=True)
    store(*stripe.events("refund.failed"))
    apply_due_events(installation)
    assert state(installation, gift) == "paid"
    assert refund_donation(installation, refund_request(gift)).state == "succeeded"
    assert state(installation, gift) == "refunded"


def test_a_monthly_gifts_payment_is_looked_up_first(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    donation = pay(client, installation, stripe, frequency="monthly")
    with installation.sessions() as session:
        assert session.get_one(Donation, donation.id).payment_intent_id is None
        assert session.scalars(select(InvoicePayment)).all() == []
    assert refund_donation(installation, refund_request(donation, 500)).state == "succeeded"
    assert state(installation, donation) == "partially_refunded"
    assert_one_refund(installation, stripe, 500)
