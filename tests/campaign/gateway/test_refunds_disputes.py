"""Reading charges, refunds, disputes and fraud warnings, and the defaults for missing fields."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaign.gateway.refunds_disputes import (
    BalanceTransaction,
    StripeCharge,
    StripeDispute,
    StripeFraudWarning,
    StripeRefund,
    read_balance_transaction,
    read_charge,
    read_dispute,
    read_fraud_warning,
    read_refund,
)
from tests.support.frozen import assert_cannot_be_changed

REPORTED_AT = datetime(2026, 12, 24, tzinfo=UTC)
MOMENT = 1_797_926_400
AT = datetime.fromtimestamp(MOMENT, UTC)
MONEY: dict[str, Any] = {"id": "x_1", "amount": 2500, "currency": "usd"}
READERS = [read_charge, read_refund, read_dispute, read_fraud_warning, read_balance_transaction]


@pytest.mark.parametrize("read", READERS)
def test_an_object_without_a_creation_time_gets_the_given_time(read: Any) -> None:
    assert read(MONEY, REPORTED_AT).created == REPORTED_AT
    assert read(MONEY | {"created": MOMENT}, REPORTED_AT).created == AT
    with pytest.raises(KeyError):
        read({"amount": 2500, "currency": "usd"}, REPORTED_AT)


@pytest.mark.parametrize(
    ("more", "returned"),
    [
        ({"status": "failed", "failure_balance_transaction": "txn_1"}, True),
        ({"status": "failed", "failure_balance_transaction": None}, False),
        ({"status": "failed"}, False),
        ({"status": "succeeded", "failure_balance_transaction": "txn_1"}, False),
    ],
)
def test_a_charge_is_reversed_if_the_balance_shows_it(more: dict[str, Any], returned: bool) -> None:
    assert read_charge(MONEY | more, REPORTED_AT).returned is returned


def test_a_charge_has_its_refunded_total_and_included_refunds() -> None:
    refunds = {"data": [{"id": "re_1", "amount": 500, "currency": "usd"}]}
    shown = {"amount_refunded": 500, "refunds": refunds, "payment_intent": {"id": "pi_1"}}
    found = read_charge(MONEY | shown | {"metadata": {"donation_id": "don_1"}}, REPORTED_AT)
    assert (found.amount_refunded, found.payment_intent_id) == (500, "pi_1")
    assert found.donation_id == "don_1"
    assert [(one.id, one.amount, one.created) for one in found.refunds] == [
        ("re_1", 500, REPORTED_AT)
    ]
    bare = read_charge(MONEY | {"refunds": None, "metadata": None}, REPORTED_AT)
    assert (bare.amount_refunded, bare.refunds, bare.donation_id) == (0, (), None)


def test_a_refund_without_a_status_succeeded_and_has_our_request() -> None:
    found = read_refund(MONEY, REPORTED_AT)
    assert (found.status, found.request_token, found.charge_id) == ("succeeded", None, None)
    ours = read_refund(
        MONEY | {"status": "failed", "metadata": {"refund_request": "t"}}, REPORTED_AT
    )
    assert (ours.status, ours.request_token) == ("failed", "t")


def test_a_dispute_has_its_expanded_balance_transactions() -> None:
    moved = {"id": "txn_1", "amount": -2500, "fee": 1500, "currency": "usd", "created": MOMENT}
    shown = {"balance_transactions": [moved, "txn_2"], "evidence_details": {"due_by": MOMENT}}
    found = read_dispute(MONEY | shown, REPORTED_AT)
    assert [(one.id, one.amount, one.fee) for one in found.balance_transactions] == [
        ("txn_1", -2500, 1500)
    ]
    assert (found.due_by, found.reason, found.status) == (AT, "general", "")
    bare = read_dispute(
        MONEY | {"balance_transactions": None, "evidence_details": None}, REPORTED_AT
    )
    assert (bare.due_by, bare.balance_transactions) == (None, ())


def test_a_balance_transaction_has_its_source_id_and_expanded_source() -> None:
    plain = read_balance_transaction(MONEY | {"source": "ch_1", "fee": -30}, REPORTED_AT)
    assert (plain.source_id, plain.source, plain.fee, plain.kind) == ("ch_1", None, -30, "")
    charge = {"id": "ch_1", "object": "charge"}
    expanded = read_balance_transaction(MONEY | {"source": charge}, REPORTED_AT)
    assert (expanded.source_id, expanded.source, expanded.fee) == ("ch_1", charge, 0)


def test_a_warning_is_actionable_by_default() -> None:
    assert read_fraud_warning({"id": "issfr_1"}, REPORTED_AT).actionable
    found = read_fraud_warning(
        {"id": "issfr_1", "actionable": False, "charge": "ch_1"}, REPORTED_AT
    )
    assert (found.actionable, found.fraud_type, found.charge_id) == (False, "misc", "ch_1")


def test_a_charge_has_all_that_settlement_needs() -> None:
    shown = {
        "status": "succeeded",
        "amount_refunded": 700,
        "payment_intent": "pi_1",
        "metadata": {"donation_id": "don_1"},
        "failure_balance_transaction": None,
        "created": MOMENT,
    }
    assert read_charge(MONEY | shown, REPORTED_AT) == StripeCharge(
        id="x_1",
        created=AT,
        status="succeeded",
        amount=2500,
        amount_refunded=700,
        currency="usd",
        payment_intent_id="pi_1",
        donation_id="don_1",
        returned=False,
        refunds=(),
    )


def test_a_refund_has_why_it_was_made_and_why_it_failed() -> None:
    shown = {
        "status": "failed",
        "payment_intent": {"id": "pi_1"},
        "charge": {"id": "ch_1"},
        "reason": "duplicate",
        "failure_reason": "expired_or_canceled_card",
        "metadata": {"refund_request": "token"},
        "created": MOMENT,
    }
    assert read_refund(MONEY | shown, REPORTED_AT) == StripeRefund(
        id="x_1",
        created=AT,
        status="failed",
        amount=2500,
        currency="usd",
        payment_intent_id="pi_1",
        charge_id="ch_1",
        reason="duplicate",
        failure_reason="expired_or_canceled_card",
        request_token="token",
    )


def test_a_dispute_has_its_deadline_and_every_balance_transaction() -> None:
    moved = {"id": "txn_1", "amount": -2500, "fee": 1500, "currency": "eur", "type": "adjustment"}
    shown = {
        "status": "needs_response",
        "reason": "fraudulent",
        "payment_intent": "pi_1",
        "charge": "ch_1",
        "evidence_details": {"due_by": MOMENT + 5},
        "balance_transactions": [moved],
        "created": MOMENT,
    }
    assert read_dispute(MONEY | shown, REPORTED_AT) == StripeDispute(
        id="x_1",
        created=AT,
        status="needs_response",
        amount=2500,
        currency="usd",
        reason="fraudulent",
        payment_intent_id="pi_1",
        charge_id="ch_1",
        due_by=AT + timedelta(seconds=5),
        balance_transactions=(
            BalanceTransaction(
                id="txn_1",
                created=REPORTED_AT,
                kind="adjustment",
                amount=-2500,
                fee=1500,
                currency="eur",
                source_id=None,
                source=None,
            ),
        ),
    )


def test_a_fraud_warning_names_its_payment() -> None:
    shown = {
        "id": "issfr_1",
        "created": MOMENT,
        "fraud_type": "made_with_stolen_card",
        "actionable": True,
        "payment_intent": "pi_1",
        "charge": {"id": "ch_1"},
    }
    assert read_fraud_warning(shown, REPORTED_AT) == StripeFraudWarning(
        id="issfr_1",
        created=AT,
        fraud_type="made_with_stolen_card",
        actionable=True,
        payment_intent_id="pi_1",
        charge_id="ch_1",
    )


@pytest.mark.parametrize("read", READERS)
def test_what_was_read_cannot_be_changed(read: Any) -> None:
    assert_cannot_be_changed(read(MONEY, REPORTED_AT))
