"""A fee may be missing for a day, and must agree."""

from datetime import timedelta

import pytest

from campaign.reconciliation.compare import compare
from campaign.reconciliation.comparison import PaymentComparison
from tests.support.comparisons import AT, BOOKED, PAID, SINCE, entry, found, moved, shown

FEE_GRACE_PERIOD = timedelta(days=1)
EARLIER = {"occurred_at": SINCE - timedelta(microseconds=1)}


@pytest.mark.parametrize(("older", "missing"), [(0, 0), (1, 1)])
def test_a_fee_may_be_missing_for_a_day(older: int, missing: int) -> None:
    created = AT - FEE_GRACE_PERIOD - timedelta(microseconds=older)
    movements = [moved("payment", 2500, fee=103, created=created)]
    case = PaymentComparison("don_1", "pi_1", 2500, "usd", [BOOKED], movements, since=SINCE)
    compared = compare(case, AT)
    assert len(compared.discrepancies) == missing
    assert compared.fees_in_progress == 1 - missing


def test_a_fee_must_agree_in_amount_and_currency() -> None:
    movements = [moved("payment", 2500, fee=103)]
    name = {"balance_transaction_id": movements[0].id}
    assert found(movements, [BOOKED, entry("fee", 0, "txn", fee=103, **name)]) == []
    for wrong in ({"fee": 104}, {"fee": 103, "currency": "eur"}):
        (one,) = found(movements, [BOOKED, entry("fee", 0, "txn", **wrong, **name)])
        assert (one.kind, one.repairable) == ("fee", False)
    unknown = entry("fee", 0, "txn", fee=9, balance_transaction_id="txn_unknown")
    assert shown(*found([PAID], [BOOKED, unknown])) == [("fee", None, 9, False, True)]


def test_the_fee_of_an_unbooked_payment_is_no_separate_discrepancy() -> None:
    old = {"created": AT - timedelta(days=5), "fee": 103}
    assert [one.kind for one in found([moved("payment", 2500, **old)], [])] == ["payment"]
    movements = [PAID, moved("dispute", 2500, "du_1", **old)]
    assert [one.kind for one in found(movements, [BOOKED])] == ["dispute"]


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
