"""Payouts and their items, against the sandbox."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from campaign.core.errors import GatewayMissing
from campaign.gateway.client import StripeGateway
from campaign.gateway.payouts import StripePayout, read_payout
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.frozen import assert_cannot_be_changed
from tests.support.reconciliation import Bank
from tests.support.scripted_stripe import ScriptedStripe, list_of

MOMENT = 1_797_926_400

PAYOUT: dict[str, Any] = {
    "id": "po_1",
    "created": 1_797_926_400,
    "amount": -500,
    "currency": "jpy",
    "status": "failed",
    "arrival_date": 1_798_070_400,
}


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def gateway(installation: Installation) -> StripeGateway:
    return installation.gateway


def test_a_payouts_arrival_is_a_utc_date() -> None:
    found = read_payout(PAYOUT)
    assert found.arrival_date == date(2026, 12, 24)
    assert read_payout(PAYOUT | {"arrival_date": 1_798_070_399}).arrival_date == date(2026, 12, 23)
    assert found.created == datetime(2026, 12, 22, 8, tzinfo=UTC)
    assert (found.amount, found.currency, found.status) == (-500, "jpy", "failed")


@pytest.mark.parametrize(
    ("shown", "itemized"),
    [("completed", True), ("not_applicable", True), ("in_progress", False), (None, False)],
)
def test_a_payout_is_itemized_once_stripe_has_listed_its_items(
    shown: str | None, itemized: bool
) -> None:
    assert read_payout(PAYOUT | {"reconciliation_status": shown}).itemized is itemized
    assert not read_payout(PAYOUT).itemized


def test_a_payouts_items_exclude_itself(bank: Bank, gateway: StripeGateway) -> None:
    charges = [bank.shop(1000 + number)["id"] for number in range(3)]
    made = bank.stripe.payout()
    later = bank.shop(7000)["id"]
    items = list(gateway.payouts.list_items(made["id"]))
    assert [item.source_id for item in items] == charges[::-1]
    assert later not in {item.source_id for item in items}
    assert sum(item.amount - item.fee for item in items) == made["amount"]


def test_payouts_are_listed_from_a_time_newest_first(bank: Bank, gateway: StripeGateway) -> None:
    made = []
    for number in range(3):
        bank.shop(1000 + number)
        made.append(bank.stripe.payout())
        bank.stripe.advance(days=1)
    found = list(gateway.payouts.list_since(datetime(2020, 1, 1, tzinfo=UTC)))
    assert [one.id for one in found] == [one["id"] for one in made][::-1]
    second = datetime.fromtimestamp(made[1]["created"], UTC)
    assert len(list(gateway.payouts.list_since(second))) == 2
    assert len(list(gateway.payouts.list_since(second + timedelta(seconds=1)))) == 1


def test_items_across_pages_are_listed_once(bank: Bank, gateway: StripeGateway) -> None:
    for _ in range(101):
        bank.shop(1000)
    items = list(gateway.payouts.list_items(bank.stripe.payout()["id"]))
    assert len(items) == len({item.id for item in items}) == 101
    with pytest.raises(GatewayMissing):
        list(gateway.payouts.list_items("po_none"))


def test_a_payout_has_all_that_the_bank_statement_shows() -> None:
    assert read_payout(PAYOUT | {"reconciliation_status": "completed"}) == StripePayout(
        id="po_1",
        created=datetime(2026, 12, 22, 8, tzinfo=UTC),
        amount=-500,
        currency="jpy",
        status="failed",
        arrival_date=date(2026, 12, 24),
        itemized=True,
    )


def test_pages_are_as_large_as_stripe_allows_and_continue_after_the_last_item() -> None:
    moved = {"amount": 5, "currency": "usd", "created": MOMENT, "type": "charge"}
    own = moved | {"id": "txn_2", "type": "payout"}
    with ScriptedStripe(
        list_of(moved | {"id": "txn_1"}, own, more=True), list_of(moved | {"id": "txn_3"})
    ) as stripe:
        items = list(StripeGateway("sk_test_x", stripe.url).payouts.list_items("po_1"))
    assert [item.id for item in items] == ["txn_1", "txn_3"]
    assert [call.request for call in stripe.calls] == ["GET /v1/balance_transactions"] * 2
    first = {"payout": "po_1", "limit": "100"}
    assert [call.values() for call in stripe.calls] == [first, first | {"starting_after": "txn_2"}]


def test_an_empty_page_ends_a_list_even_if_more_is_promised() -> None:
    with ScriptedStripe(list_of(more=True)) as stripe:
        payouts = StripeGateway("sk_test_x", stripe.url).payouts
        assert list(payouts.list_items("po_1")) == []
        assert list(payouts.list_since(datetime.fromtimestamp(MOMENT, UTC))) == []
    asked = [call.values() for call in stripe.calls]
    assert asked[1] == {"created[gte]": str(MOMENT), "limit": "100"}
    assert len(asked) == 2


def test_a_payout_cannot_be_changed() -> None:
    assert_cannot_be_changed(read_payout(PAYOUT))
