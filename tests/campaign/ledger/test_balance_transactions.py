"""How a balance transaction maps to a ledger kind: by source and sign, in the currency the donor paid in."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from campaign.gateway import BalanceTransaction
from campaign.ledger.balance_transactions import PaymentTransaction, map_balance_transaction

AT = datetime(2026, 12, 1, tzinfo=UTC)


def moved(
    amount: int, what: str = "charge", currency: str = "usd", **source: Any
) -> BalanceTransaction:
    found = {
        "id": "src_1",
        "object": what,
        "payment_intent": "pi_1",
        "status": "succeeded",
        "amount": abs(amount),
        "currency": "usd",
        **source,
    }
    return BalanceTransaction("txn_1", AT, "any", amount, 103, currency, "src_1", found)


def read(movement: BalanceTransaction) -> PaymentTransaction:
    found = map_balance_transaction(movement)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("what", "amount", "kind"),
    [
        ("charge", 2500, "payment"),
        ("charge", -2500, "payment_reversed"),
        ("refund", -1, "refund"),
        ("refund", 1, "refund_failed"),
        ("dispute", -2500, "dispute"),
        ("dispute", 2500, "dispute_reversed"),
        ("charge", 0, "fee"),
        ("dispute", 0, "fee"),
    ],
)
def test_source_and_sign_determine_the_kind_and_the_amount_is_unsigned(
    what: str, amount: int, kind: str
) -> None:
    found = read(moved(amount, what))
    assert (found.kind, found.amount) == (kind, abs(amount))


@pytest.mark.parametrize(
    "other",
    [
        moved(2500, "payout"),
        moved(2500, payment_intent=None),
        moved(2500, status="pending"),
        BalanceTransaction("txn_1", AT, "stripe_fee", -80, 0, "usd", None, None),
    ],
)
def test_transactions_without_a_payment_and_pending_charges_are_skipped(
    other: BalanceTransaction,
) -> None:
    assert map_balance_transaction(other) is None


def test_a_pending_refund_already_moved_the_balance() -> None:
    assert read(moved(-700, "refund", status="pending")).kind == "refund"


@pytest.mark.parametrize("sign", [1, -1])
def test_yen_on_a_dollar_balance_are_reported_in_yen(sign: int) -> None:
    source = {
        "id": "du_1",
        "object": "dispute",
        "payment_intent": "pi_1",
        "amount": 2500,
        "currency": "jpy",
    }
    found = read(
        BalanceTransaction("txn_1", AT, "adjustment", sign * 1678, 1500, "usd", "du_1", source)
    )
    assert (found.amount, found.currency) == (2500, "jpy")
    assert (found.fee, found.fee_currency) == (1500, "usd")


def test_only_a_charge_names_its_donation_and_may_have_no_customer() -> None:
    named = {"metadata": {"donation_id": "don_1"}}
    assert read(moved(2500, **named)).public_id == "don_1"
    assert read(moved(-2500, "refund", **named)).public_id is None
    assert read(moved(2500, metadata=None)).public_id is None
    assert [read(moved(2500, customer=one)).bare for one in (None, "cus_1")] == [True, False]
    assert not read(moved(-2500, "refund")).bare


def test_every_field_is_carried_over() -> None:
    found = read(moved(2500, metadata={"donation_id": "don_1"}, customer=None))
    assert found == PaymentTransaction(
        id="txn_1",
        kind="payment",
        amount=2500,
        currency="usd",
        fee=103,
        fee_currency="usd",
        created=AT,
        source_id="src_1",
        payment_intent_id="pi_1",
        public_id="don_1",
        bare=True,
        source=found.source,
        settled_amount=2500,
    )
    assert found.source["status"] == "succeeded"
    assert not found.converted


@pytest.mark.parametrize(("amount", "converted"), [(1678, True), (-1678, True), (0, False)])
def test_what_the_balance_got_in_another_currency_is_kept_with_the_rate(
    amount: int, *, converted: bool
) -> None:
    rate = Decimal("0.67")
    found = read(replace(moved(2500, currency="eur"), amount=amount, exchange_rate=rate))
    assert (found.currency, found.fee_currency) == ("usd", "eur")
    assert (found.settled_amount, found.exchange_rate) == (amount, rate)
    assert found.converted == converted


def test_a_fee_alone_moves_no_money_of_the_donor() -> None:
    found = read(replace(moved(2500, currency="eur"), amount=0))
    assert (found.kind, found.amount, found.fee, found.fee_currency) == ("fee", 0, 103, "eur")


def test_a_part_in_the_same_currency_is_the_part_and_not_the_whole() -> None:
    assert read(replace(moved(-2500, "dispute"), amount=-700)).amount == 700


@pytest.mark.parametrize(
    ("category", "amount", "kind", "unsigned", "fee"),
    [
        ("dispute", -2500, "dispute", 2500, 103),
        ("dispute", 12, "dispute", 12, 103),
        ("dispute_reversal", 50, "dispute_reversed", 50, 103),
        ("fee", -1500, "fee", 0, 1603),
        ("fee", 1500, "fee", 0, -1397),
        ("adjustment", -7, "dispute_gain_loss", 7, 103),
    ],
)
def test_a_disputes_transaction_is_what_its_category_says(
    category: str, amount: int, kind: str, unsigned: int, fee: int
) -> None:
    found = read(replace(moved(amount, "dispute"), category=category))
    assert (found.kind, found.amount, found.fee) == (kind, unsigned, fee)


def test_a_transaction_that_its_dispute_does_not_list_is_added_to_the_list() -> None:
    known = {"id": "txn_0", "amount": -2500}
    found = read(replace(moved(40, "dispute", balance_transactions=[known]), currency="gbp"))
    listed = found.source["balance_transactions"]
    assert listed[0] == known
    assert (listed[1]["id"], listed[1]["amount"], listed[1]["currency"]) == ("txn_1", 40, "gbp")
    again = moved(40, "dispute", balance_transactions=listed)
    assert read(again).source["balance_transactions"] == listed
