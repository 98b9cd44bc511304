"""What a dispute's movements mean, and what is left of them beside the disputed amount."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.ledger.dispute_movements import (
    DECIDED,
    WON,
    MovementMeaning,
    fee_of,
    gains_of,
    meaning_of,
    movements_of,
    withdrawn_by,
)
from campaign.models import Dispute

Moved = tuple[str, int, str]
"""(category, signed amount, currency)."""


def dispute(status: str, *moved: Moved, amount: int = 2500, fee: int = 0) -> Dispute:
    """Return a dispute of a gift in dollars."""
    listed: list[dict[str, Any]] = [
        {
            "id": f"txn_{place}",
            "amount": one,
            "fee": fee,
            "currency": currency,
            "created": 1_798_000_000 + place,
            "category": category,
        }
        for place, (category, one, currency) in enumerate(moved)
    ]
    return Dispute(
        status=status,
        amount=amount,
        currency="usd",
        withdrawn=amount,
        balance_transactions=listed,
    )


OUT, BACK = ("dispute", -2500, "usd"), ("dispute_reversal", 2500, "usd")
POUNDS, POUNDS_BACK = ("dispute", -1969, "gbp"), ("dispute_reversal", 1980, "gbp")


@pytest.mark.parametrize(
    ("category", "amount", "meaning", "fee"),
    [
        ("dispute", -2500, "withdrawal", 1500),
        ("dispute", 12, "withdrawal", 1500),
        ("dispute_reversal", 2500, "reversal", 1500),
        ("dispute_reversal", -12, "reversal", 1500),
        ("fee", -1500, "fee", 3000),
        ("fee", 1500, "fee", 0),
        ("adjustment", -7, "other", 1500),
        ("", -2500, "withdrawal", 1500),
        ("", 2500, "reversal", 1500),
    ],
)
def test_the_category_says_what_it_means_and_the_sign_only_without_one(
    category: str, amount: int, meaning: str, fee: int
) -> None:
    assert meaning_of(category, amount) == MovementMeaning(meaning)
    assert fee_of(category, amount, 1500) == fee


@pytest.mark.parametrize(
    ("moved", "withdrawn"),
    [
        ((), 0),
        ((OUT,), 2500),
        ((("dispute", -1000, "usd"),), 1000),
        ((("dispute", -1000, "usd"), ("dispute", -1700, "usd")), 2500),
        ((OUT, ("dispute", 12, "usd")), 2488),
        ((POUNDS,), 2500),
        ((("dispute", 12, "gbp"),), 0),
        ((BACK,), 0),
        ((("fee", -1500, "usd"),), 0),
    ],
    ids=str,
)
def test_a_dispute_withdraws_at_most_its_own_amount(
    moved: tuple[Moved, ...], withdrawn: int
) -> None:
    assert withdrawn_by(dispute("needs_response", *moved)) == withdrawn


GAINS: dict[str, tuple[str, tuple[Moved, ...], dict[str, int]]] = {
    "open": ("needs_response", (OUT, ("dispute_reversal", 50, "usd")), {}),
    "lost": ("lost", (OUT,), {"usd": 0}),
    "lost, cents came back": ("lost", (OUT, ("dispute_reversal", 50, "usd")), {"usd": 50}),
    "lost, more was taken": ("lost", (OUT, ("dispute", -12, "usd")), {"usd": -12}),
    "lost, less was taken": ("lost", (("dispute", -2480, "usd"),), {"usd": 20}),
    "lost, in two parts": (
        "lost",
        (("dispute", -1000, "usd"), ("dispute", -1500, "usd")),
        {"usd": 0},
    ),
    "lost, a fee of its own": ("lost", (OUT, ("fee", -1500, "usd")), {"usd": 0}),
    "lost, an unknown category": ("lost", (OUT, ("adjustment", -7, "usd")), {"usd": -7}),
    "lost in pounds": ("lost", (POUNDS,), {"gbp": 0}),
    "lost in pounds, and pence": ("lost", (POUNDS, ("dispute_reversal", 40, "gbp")), {"gbp": 40}),
    "lost in pounds, the smaller first": ("lost", (("dispute", -12, "gbp"), POUNDS), {"gbp": -12}),
    "lost, pence of a dollar": ("lost", (OUT, ("dispute", -3, "gbp")), {"usd": 0, "gbp": -3}),
    "appealed": ("appeal_needs_response", (OUT, ("dispute_reversal", 50, "usd")), {"usd": 50}),
    "prevented": ("prevented", (OUT,), {"usd": 0}),
    "won": ("won", (OUT, BACK), {"usd": 0}),
    "won, a part came back": ("won", (OUT, ("dispute_reversal", 2000, "usd")), {"usd": -500}),
    "won, not back yet": ("won", (OUT,), {"usd": 0}),
    "won, only the return is known": ("won", (BACK,), {"usd": 0}),
    "won in pounds with an exchange": ("won", (POUNDS, POUNDS_BACK), {"gbp": 11}),
    "won in pounds, only the return is known": ("won", (POUNDS_BACK,), {"gbp": 0}),
    "won in pounds after pence": (
        "won",
        (POUNDS, ("dispute_reversal", 40, "gbp"), POUNDS_BACK),
        {"gbp": 51},
    ),
    "won, taken in dollars and returned in pounds": (
        "won",
        (OUT, POUNDS_BACK),
        {"usd": 0, "gbp": 0},
    ),
}


@pytest.mark.parametrize("name", GAINS)
def test_what_is_beside_the_disputed_amount_is_a_gain_or_a_loss(name: str) -> None:
    status, moved, gains = GAINS[name]
    assert gains_of(dispute(status, *moved)) == gains


movements = st.lists(
    st.tuples(
        st.sampled_from(["dispute", "dispute_reversal", "fee", "adjustment"]),
        st.integers(-5000, 5000),
        st.sampled_from(["usd", "gbp", "jpy"]),
    ),
    max_size=5,
)


@given(st.sampled_from(sorted(DECIDED)), movements)
def test_whatever_moves_the_gain_is_the_sum_less_what_stands_for_the_disputed_amount(
    status: str, moved: list[Moved]
) -> None:
    found = dispute(status, *moved, fee=7)
    gains = gains_of(found)
    for currency in {one.currency for one in movements_of(found)}:
        mine = [(category, one) for category, one, where in moved if where == currency]
        rest = sum(one for category, one in mine if category != "fee") - gains.get(currency, 0)
        taken = {-one for category, one in mine if category == "dispute" and one < 0}
        back = {one for category, one in mine if category == "dispute_reversal" and one > 0}
        whole = {2500} if currency == "usd" else set()
        allowed = {0} | {-one for one in taken | (whole if taken else set())}
        if status in WON:
            allowed |= back | (whole if back else set())
        assert rest in allowed, (currency, rest, allowed)
