"""Charges, refunds, disputes and warnings read as facts; what Stripe leaves out has its plainest meaning."""

from datetime import UTC, datetime
from typing import Any

import pytest

from campaign.gateway.refunds_disputes import (
    read_balance_transaction,
    read_charge,
    read_dispute,
    read_fraud_warning,
    read_refund,
)

TOLD = datetime(2026, 12, 24, tzinfo=UTC)
MOMENT = 1_797_926_400
AT = datetime.fromtimestamp(MOMENT, UTC)
MONEY: dict[str, Any] = {"id": "x_1", "amount": 2500, "currency": "usd"}
READERS = [read_charge, read_refund, read_dispute, read_fraud_warning, read_balance_transaction]


@pytest.mark.parametrize("read", READERS)
def test_what_does_not_say_when_it_was_made_was_made_when_it_was_told(read: Any) -> None:
    assert read(MONEY, TOLD).created == TOLD
    assert read(MONEY | {"created": MOMENT}, TOLD).created == AT
    with pytest.raises(KeyError):
        read({"amount": 2500, "currency": "usd"}, TOLD)


@pytest.mark.parametrize(
    ("more", "returned"),
    [
        ({"status": "failed", "failure_balance_transaction": "txn_1"}, True),
        ({"status": "failed", "failure_balance_transaction": None}, False),
        ({"status": "failed"}, False),
        ({"status": "succeeded", "failure_balance_transaction": "txn_1"}, False),
    ],
)
def test_a_charge_was_returned_where_the_balance_shows_it(
    more: dict[str, Any], returned: bool
) -> None:
    assert read_charge(MONEY | more, TOLD).returned is returned


def test_a_charge_tells_what_was_refunded_and_the_refunds_where_they_stand_in_it() -> None:
    refunds = {"data": [{"id": "re_1", "amount": 500, "currency": "usd"}]}
    told = {"amount_refunded": 500, "refunds": refunds, "payment_intent": {"id": "pi_1"}}
    found = read_charge(MONEY | told | {"metadata": {"donation_id": "don_1"}}, TOLD)
    assert (found.amount_refunded, found.payment_intent_id) == (500, "pi_1")
    assert found.donation_id == "don_1"
    assert [(one.id, one.amount, one.created) for one in found.refunds] == [("re_1", 500, TOLD)]
    bare = read_charge(MONEY | {"refunds": None, "metadata": None}, TOLD)
    assert (bare.amount_refunded, bare.refunds, bare.donation_id) == (0, (), None)


def test_a_refund_without_a_status_is_done_and_knows_our_request() -> None:
    found = read_refund(MONEY, TOLD)
    assert (found.status, found.request_token, found.charge_id) == ("succeeded", None, None)
    ours = read_refund(MONEY | {"status": "failed", "metadata": {"refund_request": "t"}}, TOLD)
    assert (ours.status, ours.request_token) == ("failed", "t")


def test_a_dispute_tells_its_movements_where_they_are_expanded() -> None:
    moved = {"id": "txn_1", "amount": -2500, "fee": 1500, "currency": "usd", "created": MOMENT}
    told = {"balance_transactions": [moved, "txn_2"], "evidence_details": {"due_by": MOMENT}}
    found = read_dispute(MONEY | told, TOLD)
    assert [(one.id, one.amount, one.fee) for one in found.balance_transactions] == [
        ("txn_1", -2500, 1500)
    ]
    assert (found.due_by, found.reason, found.status) == (AT, "general", "")
    bare = read_dispute(MONEY | {"balance_transactions": None, "evidence_details": None}, TOLD)
    assert (bare.due_by, bare.balance_transactions) == (None, ())


def test_a_movement_names_its_source_and_holds_it_where_it_is_expanded() -> None:
    plain = read_balance_transaction(MONEY | {"source": "ch_1", "fee": -30}, TOLD)
    assert (plain.source_id, plain.source, plain.fee, plain.kind) == ("ch_1", None, -30, "")
    charge = {"id": "ch_1", "object": "charge"}
    expanded = read_balance_transaction(MONEY | {"source": charge}, TOLD)
    assert (expanded.source_id, expanded.source, expanded.fee) == ("ch_1", charge, 0)


def test_a_warning_can_be_acted_on_unless_stripe_says_not() -> None:
    assert read_fraud_warning({"id": "issfr_1"}, TOLD).actionable
    found = read_fraud_warning({"id": "issfr_1", "actionable": False, "charge": "ch_1"}, TOLD)
    assert (found.actionable, found.fraud_type, found.charge_id) == (False, "misc", "ch_1")
