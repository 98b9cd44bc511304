"""Comparing one payment: charges without their reversal, later windows, second payments, refunded fees."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.comparisons import BOOKED, PAID, SINCE, entry, found, moved, shown

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


def test_a_renewal_that_the_ledger_lacks_is_called_one() -> None:
    (one,) = found([PAID], [], charge=None, currency=None, renewal=True)
    assert (one.renewal, one.repairable) == (True, True)


def test_a_booked_reversal_whose_charge_is_older_than_the_window_agrees() -> None:
    back = moved("payment_reversed", 2500, "re_0")
    returned = entry("payment_reversed", -2500)
    assert found([back], [entry("payment", 2500, **EARLIER), returned]) == []
