"""Payouts, from Stripe's events and lists to the staff pages: items match donations, and their sum agrees."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from campaign.core.clock import now
from campaign.models import Payout, PayoutItem, StaffRole
from campaign.reconciliation.fetch_fees import book_fees
from campaign.reconciliation.fetch_payouts import fetch_payouts, read_payouts
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank
from tests.support.staff import StaffMaker


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def payout_id(bank: Bank) -> str:
    """A payout of two gifts, one of them partially refunded."""
    first = bank.give("25")
    bank.stripe.pay(first)
    bank.stripe.pay(bank.give("40"))
    bank.stripe.refund(first, 500)
    return str(bank.stripe.payout()["id"])


def payouts(installation: Installation) -> list[Payout]:
    with installation.sessions() as session:
        return list(session.scalars(select(Payout).order_by(Payout.id)))


def test_a_payout_is_saved_once_with_its_items_and_agrees(
    bank: Bank, payout_id: str, installation: Installation, staff: StaffMaker
) -> None:
    bank.deliver()
    book_fees(installation)
    (kept,) = payouts(installation)
    assert (kept.stripe_id, kept.status, kept.items_read_at) == (payout_id, "paid", None)
    assert [read_payouts(installation) for _ in range(2)] == [1, 0]
    with installation.sessions() as session:
        items = session.scalars(select(PayoutItem)).all()
    assert sum(item.net for item in items) == kept.amount
    client = staff(StaffRole.finance)
    assert "match<" in client.get("/staff/payouts").text
    page = client.get(f"/staff/payouts/{payout_id}").text
    assert page.count('href="/staff/donations/don_') == 3
    assert "3; they add up to the payout" in page
    assert "Unrelated" not in page
    rows = client.get(f"/staff/payouts/{payout_id}/items.csv").text.splitlines()
    assert len(rows) == 4
    assert all(",don_" in row for row in rows[1:])
    assert client.get("/staff/payouts/po_none").status_code == 404
    assert client.get("/staff/payouts/po_none/items.csv").status_code == 404


def test_an_item_matches_its_gift_when_that_is_booked_later(
    bank: Bank, installation: Installation
) -> None:
    bank.stripe.pay(bank.give("25"))
    bank.deliver(lose="*")
    bank.stripe.payout()
    bank.deliver()
    assert read_payouts(installation) == 1
    with installation.sessions() as session:
        assert session.scalars(select(PayoutItem.donation_id)).all() == [None]
    bank.reconcile(apply=True)
    book_fees(installation)
    assert read_payouts(installation) == 0
    with installation.sessions() as session:
        (found,) = session.scalars(select(PayoutItem.donation_id))
        assert found == bank.donation().id


def test_a_payout_without_a_webhook_is_fetched(
    bank: Bank, payout_id: str, installation: Installation
) -> None:
    bank.deliver(lose="payout.*")
    assert payouts(installation) == []
    since = now() - timedelta(days=1)
    assert [fetch_payouts(installation, since) for _ in range(2)] == [1, 0]
    assert payouts(installation)[0].stripe_id == payout_id
