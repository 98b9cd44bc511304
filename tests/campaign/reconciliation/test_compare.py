"""Comparing one payment: what is a discrepancy, what is unconfirmed, and what is neither."""

from datetime import datetime, timedelta

import pytest

from tests.support.comparisons import BOOKED, PAID, SINCE, entry, found, moved, shown


def test_equal_sides_including_covered_fees_are_no_discrepancy() -> None:
    assert found([PAID], [BOOKED]) == []
    assert (
        found([moved("payment", 2606)], [entry("payment", 2500, fee_cover=106)], charge=2606) == []
    )


@pytest.mark.parametrize("amount", [2499, 2501])
def test_one_cent_is_a_discrepancy_that_is_not_repaired(amount: int) -> None:
    assert shown(*found([moved("payment", amount)], [BOOKED])) == [
        ("payment", amount, 2500, False, False)
    ]


def test_the_same_amount_in_another_currency_is_a_discrepancy() -> None:
    (one,) = found([moved("payment", 2500, currency="jpy")], [BOOKED])
    assert one.stripe is not None
    assert (str(one.stripe), str(one.ledger)) == ("2500 JPY", "25.00 USD")


@pytest.mark.parametrize(
    ("charge", "currency", "repairable"),
    [(2500, "usd", True), (2501, "usd", False), (2500, "jpy", False), (None, None, True)],
)
def test_an_unbooked_payment_can_be_repaired_if_it_is_the_agreed_amount(
    charge: int | None, currency: str | None, repairable: bool
) -> None:
    (one,) = found([PAID], [], charge=charge, currency=currency)
    assert shown(one) == [("payment", 2500, None, repairable, False)]
    assert one.note == ("" if repairable else "it is not what the donor agreed to")


def test_a_failed_pending_debit_is_no_payment() -> None:
    back = moved("payment_reversed", 2500, "re_0")
    assert found([PAID, back], []) == []
    (one,) = found([PAID, back, moved("payment", 2500, "ch_2")], [])
    assert shown(one) == [("payment", 2500, None, True, False)]


@pytest.mark.parametrize(("at", "doubts"), [(SINCE, 1), (SINCE - timedelta(microseconds=1), 0)])
def test_an_entry_is_unconfirmed_from_the_window_start(at: datetime, doubts: int) -> None:
    discrepancies = found([], [entry("payment", 2500, occurred_at=at)])
    assert shown(*discrepancies) == [("payment", None, 2500, False, True)] * doubts


def test_charged_reversed_and_charged_again_is_one_payment() -> None:
    anew = [PAID, moved("payment_reversed", 2500, "re_0"), moved("payment", 2500, "ch_2")]
    assert found(anew, [BOOKED]) == []
    assert shown(*found(anew[:2], [BOOKED])) == [("payment_reversed", 2500, None, True, False)]
    returned = entry("payment_reversed", -2500)
    assert found(anew[:2], [BOOKED, returned]) == []
    assert shown(*found([PAID], [BOOKED, returned])) == [
        ("payment_reversed", None, 2500, False, True)
    ]


@pytest.mark.parametrize(("left", "told_of"), [(2500, [2500]), (1, [1]), (0, [])])
def test_a_second_payment_is_reported_with_its_unrefunded_amount(
    left: int, told_of: list[int]
) -> None:
    second = {"payment_intent_id": "pi_2"}
    movements = [PAID, moved("payment", 2500, "ch_2", **second)]
    if left < 2500:
        movements.append(moved("refund", 2500 - left, "re_2", **second))
    discrepancies = found(movements, [BOOKED])
    assert [one.stripe.amount for one in discrepancies if one.stripe] == told_of
    assert all(one.payment_intent_id == "pi_2" and not one.repairable for one in discrepancies)


def test_a_won_dispute_in_yen_agrees_by_its_id_and_prefixed_sources() -> None:
    yen = {"currency": "jpy"}
    movements = [
        moved("payment", 2500, **yen),
        moved("dispute", 2500, "du_1", **yen),
        moved("dispute_reversed", 2500, "du_1", **yen),
    ]
    entries = [
        entry("payment", 2500, **yen),
        entry("dispute", -1000, "du_1", **yen),
        entry("dispute", -1500, "du_1:2500", **yen),
        entry("dispute_reversed", 2500, "du_1", **yen),
    ]
    assert found(movements, entries, currency="jpy") == []
    assert shown(*found(movements, entries[:-1], currency="jpy")) == [
        ("dispute_reversed", 2500, None, True, False)
    ]
    assert shown(*found(movements, [*entries[:2], entries[3]], currency="jpy")) == [
        ("dispute", 2500, 1000, True, False)
    ]
    assert shown(*found(movements[:2], entries, currency="jpy")) == [
        ("dispute", 2500, 0, True, False)
    ], "to Stripe it is open"
