"""A dispute against the ledger: by its status, its own amount and the sum of its movements, and by nothing else."""

import pytest

from campaign.models import LedgerEntry
from campaign.reconciliation.compare_disputes import DisputeComparison
from tests.support.comparisons import entry, reported_dispute

TAKEN = entry("dispute", -2500, "du_1")
BACK = entry("dispute_reversed", 2500, "du_1")


def gain(amount: int, currency: str = "usd") -> LedgerEntry:
    return entry("dispute_gain_loss", 0, f"du_1:{currency}:1", fee=-amount, currency=currency)


def differing(
    dispute: dict[str, object], *entries: LedgerEntry, state: str | None = None
) -> list[tuple[str, int, int, str]]:
    found = DisputeComparison(dispute, entries, state).differences()
    return [(one.kind.value, one.stripe, one.ledger, one.currency) for one in found]


AGREE: dict[str, tuple[dict[str, object], tuple[LedgerEntry, ...], str]] = {
    "open": (reported_dispute("needs_response", 2500, -2500), (TAKEN,), "disputed"),
    "open, a part so far": (
        reported_dispute("under_review", 2500, -1000),
        (entry("dispute", -1000, "du_1"),),
        "disputed",
    ),
    "won": (reported_dispute("won", 2500, -2500, 2500), (TAKEN, BACK), "paid"),
    "won, refunded since": (
        reported_dispute("won", 2500, -2500, 2500),
        (TAKEN, BACK),
        "refunded",
    ),
    "won, not in the balance yet": (reported_dispute("won", 2500, -2500), (TAKEN, BACK), "paid"),
    "lost": (reported_dispute("lost", 2500, -2500), (TAKEN,), "dispute_lost"),
    "lost with cents back": (
        reported_dispute("lost", 2500, -2500, 50),
        (TAKEN, gain(50)),
        "dispute_lost",
    ),
    "lost with more taken": (
        reported_dispute("lost", 2500, -2500, -12),
        (TAKEN, gain(-12)),
        "dispute_lost",
    ),
    "appealed": (reported_dispute("appeal_under_review", 2500, -2500), (TAKEN,), "disputed"),
    "prevented": (reported_dispute("prevented", 2500, -2500), (TAKEN,), "dispute_lost"),
    "prevented without a movement": (reported_dispute("prevented", 2500), (), "paid"),
    "settled in pounds": (
        reported_dispute("lost", 2500, -1969, balance="gbp"),
        (TAKEN,),
        "dispute_lost",
    ),
    "settled in pounds, with cents": (
        reported_dispute("lost", 2500, -1969, 40, balance="gbp"),
        (TAKEN, gain(40, "gbp")),
        "dispute_lost",
    ),
    "won in pounds with an exchange": (
        reported_dispute("won", 2500, -1969, 1980, balance="gbp"),
        (TAKEN, BACK, gain(11, "gbp")),
        "paid",
    ),
}


@pytest.mark.parametrize("name", AGREE)
def test_a_dispute_that_fits_is_no_difference(name: str) -> None:
    dispute, entries, state = AGREE[name]
    assert differing(dispute, *entries, state=state) == []


DIFFER: dict[
    str, tuple[dict[str, object], tuple[LedgerEntry, ...], str, tuple[str, int, int, str]]
] = {
    "not booked": (reported_dispute("lost", 2500, -2500), (), "paid", ("dispute", 2500, 0, "usd")),
    "cents made it paid again": (
        reported_dispute("lost", 2500, -1969, 40, balance="gbp"),
        (TAKEN, BACK),
        "paid",
        ("dispute", 2500, 0, "usd"),
    ),
    "cents taken for a gift": (
        reported_dispute("lost", 2500, -2500, 50),
        (TAKEN, entry("dispute_reversed", 50, "du_1")),
        "dispute_lost",
        ("dispute", 2500, 2450, "usd"),
    ),
    "taken twice": (
        reported_dispute("lost", 1200, -945, -12, balance="gbp"),
        (entry("dispute", -1200, "du_1"), entry("dispute", -1200, "du_1:2400")),
        "dispute_lost",
        ("dispute", 1200, 2400, "usd"),
    ),
    "won and not given back": (
        reported_dispute("won", 2500, -2500, 2500),
        (TAKEN,),
        "disputed",
        ("dispute_reversed", 2500, 0, "usd"),
    ),
    "the appeal is not known": (
        reported_dispute("appeal_needs_response", 2500, -2500),
        (TAKEN,),
        "paid",
        ("dispute", 2500, 2500, "usd"),
    ),
    "the loss is not known": (
        reported_dispute("lost", 2500, -2500),
        (TAKEN,),
        "disputed",
        ("dispute", 2500, 2500, "usd"),
    ),
    "a gain is missing": (
        reported_dispute("lost", 2500, -2500, 50),
        (TAKEN,),
        "dispute_lost",
        ("dispute_gain_loss", -2450, -2500, "usd"),
    ),
    "a loss in pounds is missing": (
        reported_dispute("lost", 2500, -1969, -12, balance="gbp"),
        (TAKEN,),
        "dispute_lost",
        ("dispute_gain_loss", -1981, 0, "gbp"),
    ),
}


@pytest.mark.parametrize("name", DIFFER)
def test_a_dispute_that_does_not_fit_is_a_difference(name: str) -> None:
    dispute, entries, state, difference = DIFFER[name]
    assert differing(dispute, *entries, state=state) == [difference]


def test_the_state_is_named_where_the_amounts_agree() -> None:
    (one,) = DisputeComparison(
        reported_dispute("lost", 2500, -2500), [TAKEN], "disputed"
    ).differences()
    assert one.note == "its status at Stripe is lost, but the donation is disputed"


def test_an_unbooked_payment_has_no_state_to_compare() -> None:
    assert differing(reported_dispute("lost", 2500, -2500), TAKEN) == []


def test_a_fee_of_its_own_is_no_movement() -> None:
    dispute = reported_dispute("lost", 2500, -2500, -1500)
    dispute["balance_transactions"][1]["reporting_category"] = "fee"
    assert differing(dispute, TAKEN, state="dispute_lost") == []


@pytest.mark.parametrize(("alone", "found"), [(False, 0), (True, 1)])
def test_an_open_dispute_of_a_lost_gift_needs_another_that_lost_it(alone: bool, found: int) -> None:
    shown = reported_dispute("appeal_under_review", 2500, -2500)
    compared = DisputeComparison(shown, [TAKEN], "dispute_lost", alone=alone)
    assert len(list(compared.differences())) == found
