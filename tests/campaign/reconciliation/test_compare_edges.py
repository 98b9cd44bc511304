"""Comparing one payment: charges without their reversal, later windows, second payments, refunded fees."""

from datetime import timedelta
from typing import Any

import pytest

from campaign.reconciliation.compare import PaymentComparison, compare
from tests.support.comparisons import AT, BOOKED, PAID, SINCE, entry, found, moved, shown

EARLIER = {"occurred_at": SINCE - timedelta(microseconds=1)}
OTHER: dict[str, Any] = {"payment_intent_id": "pi_2"}


def test_a_gift_charged_twice_under_one_payment_is_reported_and_not_repaired() -> None:
    twice = [PAID, moved("payment", 2500, "ch_2")]
    assert shown(*found(twice, [BOOKED])) == [("payment", 5000, 2500, False, False)]
    # Of the second charge, only a part went back.
    partly = [*twice, moved("payment_reversed", 2499, "re_0")]
    assert ("payment", 5000, 2500, False, False) in shown(*found(partly, [BOOKED]))


def test_a_reversal_beyond_the_booked_one_is_reported_and_not_repaired() -> None:
    movements = [PAID, moved("payment_reversed", 2500, "re_0")]
    less = entry("payment_reversed", -2400)
    assert shown(*found(movements, [BOOKED, less])) == [
        ("payment_reversed", 2500, 2400, False, False)
    ]


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("payment_reversed", "pi_1"),
        ("refund", "re_0"),
        ("refund_failed", "re_0"),
        ("dispute", "du_1"),
        ("dispute_reversed", "du_1"),
    ],
)
def test_an_entry_before_the_window_needs_no_transaction_in_it(kind: str, source: str) -> None:
    sign = 1 if kind in {"refund_failed", "dispute_reversed"} else -1
    inside = entry(kind, sign * 700, source)
    before = entry(kind, sign * 700, source, **EARLIER)
    assert shown(*found([PAID], [BOOKED, inside])) == [(kind, None, 700, False, True)]
    assert found([PAID], [BOOKED, before]) == []
    # Without a window, every entry needs one.
    assert len(found([PAID], [BOOKED, before], since=None)) == 1


def test_a_fee_before_the_window_or_of_nothing_needs_no_transaction() -> None:
    name = {"balance_transaction_id": "txn_old"}
    assert len(found([PAID], [BOOKED, entry("fee", 0, "txn", fee=9, **name)])) == 1
    assert found([PAID], [BOOKED, entry("fee", 0, "txn", fee=9, **name, **EARLIER)]) == []
    assert found([PAID], [BOOKED, entry("fee", 0, "txn", fee=0, **name)]) == []


def test_a_fee_of_nothing_agrees_in_any_currency_and_a_returned_one_is_compared() -> None:
    free = moved("payment", 2500, fee_currency="eur")
    name = {"balance_transaction_id": free.id}
    assert found([free], [BOOKED, entry("fee", 0, "txn", **name)]) == []
    back = moved("fee", 0, "du_1", fee=-1500, created=AT - timedelta(days=5))
    (one,) = found([PAID, back], [BOOKED])
    assert shown(one) == [("fee", -1500, None, True, False)]
    assert one.stripe is not None
    assert one.stripe.names == (back.id, "pi_1")
    assert one.stripe.at == back.created


def test_fees_of_a_payment_that_is_not_booked_are_not_counted_as_on_their_way() -> None:
    paid = moved("payment", 2500, fee=103, created=AT)
    case = PaymentComparison("don_1", "pi_1", 2500, "usd", [], [paid], since=SINCE)
    assert compare(case, AT).fees_in_progress == 0


@pytest.mark.parametrize(
    ("kind", "amount", "left"),
    [
        ("refund", 2500, None),
        ("dispute", 2500, None),
        ("payment_reversed", 2500, None),
        ("refund", 1000, 1500),
    ],
)
def test_a_second_payment_counts_without_what_went_back(
    kind: str, amount: int, left: int | None
) -> None:
    second = [PAID, moved("payment", 2500, "ch_2", **OTHER), moved(kind, amount, "x_2", **OTHER)]
    amounts = [one.stripe.amount for one in found(second, [BOOKED]) if one.stripe]
    assert amounts == ([] if left is None else [left])


@pytest.mark.parametrize("again", ["refund_failed", "dispute_reversed"])
def test_a_second_payment_counts_with_what_came_back_again(again: str) -> None:
    second = [
        PAID,
        moved("payment", 2500, "ch_2", **OTHER),
        moved("refund", 2500, "x_2", **OTHER),
        moved(again, 2500, "x_2", **OTHER),
    ]
    (one,) = found(second, [BOOKED])
    assert shown(one) == [("payment", 2500, 2500, False, False)]
    assert one.payment_intent_id == "pi_2"
    assert one.note == "a second payment for the same gift, in addition to pi_1"
    assert one.stripe is not None
    assert one.stripe.names[:2] == ("ch_2", "pi_2")


def test_without_a_recorded_payment_the_first_transactions_is_the_gifts() -> None:
    movements = [PAID, moved("payment", 2500, "ch_2", **OTHER)]
    discrepancies = found(movements, [], payment_intent_id=None)
    assert [(one.payment_intent_id, one.repairable) for one in discrepancies] == [
        ("pi_2", False),
        ("pi_1", True),
    ]


def test_refunds_booked_from_a_bank_payments_total_count_like_those_of_a_card() -> None:
    entries = [BOOKED, entry("refund", -700, "py_1:700")]
    assert found([PAID, moved("refund", 700, "pyr_0")], entries) == []


def test_the_sides_name_every_transaction_and_every_entry_once() -> None:
    movements = [PAID, moved("payment", 100, "ch_2")]
    entries = [entry("payment", 2500, id=7), entry("payment", 1, "cs_1", id=8)]
    (one,) = found(movements, entries)
    assert one.stripe is not None
    assert one.ledger is not None
    assert one.stripe.names == ("ch_1", "pi_1", "txn_payment_ch_1", "ch_2", "txn_payment_ch_2")
    assert one.ledger.names == ("entry 7", "pi_1", "entry 8", "cs_1")
    assert (one.stripe.amount, one.ledger.amount) == (2600, 2501)
    assert (one.donation, one.renewal) == ("don_1", False)


def test_a_renewal_that_the_ledger_lacks_is_called_one() -> None:
    (one,) = found([PAID], [], charge=None, currency=None, renewal=True)
    assert (one.renewal, one.repairable) == (True, True)


def test_the_latest_charge_and_the_latest_entry_say_the_currency_and_the_day() -> None:
    euros = moved("payment", 2500, "ch_2", currency="eur", created=AT)
    back = moved("payment_reversed", 2500, "re_0")
    assert found([euros, back, PAID], [BOOKED]) == []
    (one,) = found([PAID, back, euros], [BOOKED])
    assert one.stripe is not None
    assert (one.stripe.amount, one.stripe.currency, one.stripe.at) == (5000, "eur", AT)
    entries = [
        entry("payment", 2400),
        entry("payment", 100, "cs_1", currency="eur", occurred_at=AT),
    ]
    (one,) = found([PAID], entries)
    assert one.ledger is not None
    assert (one.ledger.amount, one.ledger.currency, one.ledger.at) == (2500, "eur", AT)


def test_a_booked_reversal_whose_charge_is_older_than_the_window_agrees() -> None:
    back = moved("payment_reversed", 2500, "re_0")
    returned = entry("payment_reversed", -2500)
    assert found([back], [entry("payment", 2500, **EARLIER), returned]) == []
