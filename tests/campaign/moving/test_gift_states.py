"""What other systems call the state of a gift, and what a person says it is."""

import pytest

from campaign.core.errors import ListInvalid
from campaign.moving.gift_states import LEFT_OUT, PastGiftState, read_state, read_states


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ("", PastGiftState.complete),
        ("  ", PastGiftState.complete),
        ("Complete", PastGiftState.complete),
        ("CLOSED_WON", PastGiftState.complete),
        ("give_subscription", PastGiftState.complete),
        ("PledgePayment", PastGiftState.complete),
        ("Refunded", PastGiftState.refunded),
        ("Partially Refunded", PastGiftState.partly_refunded),
        ("partial-refund", PastGiftState.partly_refunded),
        ("Chargeback", PastGiftState.disputed),
        ("requires_payment_method", PastGiftState.pending),
        ("Pending refund", PastGiftState.pending),
        ("Canceled", PastGiftState.failed),
        ("Closed Lost", PastGiftState.failed),
        ("Sandbox", PastGiftState.test),
        ("Pledge", PastGiftState.pledge),
        ("RecurringDonation", PastGiftState.pledge),
    ],
)
def test_a_systems_word_is_a_state_however_it_is_written(cell: str, state: PastGiftState) -> None:
    assert read_state(cell, {}) is state


def test_an_unknown_word_is_refused_and_the_sentence_says_what_to_write() -> None:
    with pytest.raises(ValueError, match=r"'Banked' is no state .* --state \"Banked=complete\""):
        read_state("Banked", {})


def test_what_a_person_says_wins_over_what_is_known() -> None:
    given = read_states(["Banked=complete", "paid = Partly Refunded", "a=b=failed"])
    assert read_state("BANKED", given) is PastGiftState.complete
    assert read_state("Paid", given) is PastGiftState.partly_refunded
    assert read_state("A=B", given) is PastGiftState.failed
    assert read_state("posted", given) is PastGiftState.complete


@pytest.mark.parametrize("text", ["Banked", "Banked=", "Banked=done", "=", ""])
def test_a_person_must_name_a_state_that_exists(text: str) -> None:
    with pytest.raises(ListInvalid, match=r"is not a state.* the states are complete, refunded,"):
        read_states([text])


def test_what_brought_no_money_is_left_out_and_what_was_refunded_is_not() -> None:
    assert set(PastGiftState) - set(LEFT_OUT) == {
        PastGiftState.complete,
        PastGiftState.refunded,
        PastGiftState.partly_refunded,
        PastGiftState.disputed,
    }
