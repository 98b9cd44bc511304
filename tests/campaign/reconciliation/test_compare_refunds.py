"""Refunds are compared one by one, or by the total of their charge."""

import pytest

from campaign.ledger.balance_transactions import PaymentTransaction
from tests.support.comparisons import BOOKED, PAID, entry, found, moved, shown


def refunds(*amounts: int) -> list[PaymentTransaction]:
    return [PAID, *(moved("refund", one, f"re_{n}") for n, one in enumerate(amounts))]


def test_refunds_under_their_own_ids_agree_one_by_one() -> None:
    entries = [BOOKED, entry("refund", -700, "re_0")]
    assert found(refunds(700), entries) == []
    (one,) = found(refunds(700, 300), entries)
    assert shown(one) == [("refund", 300, None, True, False)]
    assert one.stripe is not None
    assert one.stripe.names[0] == "re_1"


@pytest.mark.parametrize(
    ("amounts", "booked", "missing"),
    [
        ((700, 300), -1000, []),
        ((700, 300), -700, [300]),
        ((700, 300), -300, [700]),
        # Neither is exactly the missing amount, so the latest is reported.
        ((700, 300), -900, [300]),
        ((300, 300), -300, [300]),
        ((300, 300), -200, [300, 300]),
    ],
)
def test_refunds_beyond_the_charges_total_are_missing(
    amounts: tuple[int, ...], booked: int, missing: list[int]
) -> None:
    entries = [BOOKED, entry("refund", booked, f"ch_1:{-booked}")]
    discrepancies = found(refunds(*amounts), entries)
    assert [one.stripe.amount for one in discrepancies if one.stripe] == missing


def test_a_refund_smaller_or_unknown_at_stripe_is_unconfirmed() -> None:
    entries = [BOOKED, entry("refund", -700, "re_0")]
    assert shown(*found(refunds(699), entries)) == [("refund", None, 700, False, True)]
    assert shown(*found(refunds(701), entries)) == [("refund", 701, 700, False, False)]
    assert shown(*found([PAID], entries)) == [("refund", None, 700, False, True)]


def test_refunds_booked_from_a_bank_payments_total_count_like_those_of_a_card() -> None:
    entries = [BOOKED, entry("refund", -700, "py_1:700")]
    assert found([PAID, moved("refund", 700, "pyr_0")], entries) == []
