"""Disputes as Stripe reports them, from outside: every kind of movement, currency, outcome and order."""

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.run import reconcile
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.stripe import Json
from tests.support.stripe_cases import CaseResult, Movement, PaidGift, Replay, ReportedDispute

FEE = 1500


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def differences(replay: Replay) -> list[Discrepancy]:
    """Return what reconcile says of the disputes; the sandbox knows nothing else of these payments' money."""
    found: list[Discrepancy] = []
    reconcile(replay.installation, on_discrepancy=found.append)
    return [one for one in found if one.kind.value.startswith("dispute")]


def played(replay: Replay, gift: PaidGift, *later: Json) -> CaseResult:
    """Report a paid gift and what came later, each in the order given; reconcile agrees."""
    result = replay.result(replay.play([*gift.paid(), *later]))
    assert differences(replay) == []
    return result


def lost(
    gift: PaidGift, amount: int, settled_in: str, settled: int, *adjusted: Movement
) -> list[Json]:
    """Return the events of a dispute that was lost, with adjustments known at its end."""
    dispute = ReportedDispute(gift, amount, settled_in)
    dispute.move(Movement("dispute", -settled, FEE))
    opened = dispute.tell("created")
    for one in adjusted:
        dispute.move(one)
    return [opened, dispute.tell("closed", "lost")]


def test_cents_after_a_lost_dispute_are_a_gain_and_no_receipt(replay: Replay) -> None:
    gift = PaidGift(6500)
    events = lost(gift, 6500, "usd", 6500, Movement("dispute_reversal", 50))
    found = played(replay, gift, *events)
    assert (found.state, found.gift, found.acknowledged) == ("dispute_lost", 0, 0)
    assert found.receipts == ("receipt", "void")
    assert found.kept == {("fee", "usd"): FEE, ("gain_loss", "usd"): -50}


def test_a_lost_appeal_voids_nothing_twice_and_a_won_one_makes_the_receipt_valid_again(
    replay: Replay,
) -> None:
    for outcome, receipts in (
        ("lost", ("receipt", "void")),
        ("won", ("receipt", "void", "corrected")),
    ):
        gift = PaidGift(9000)
        dispute = ReportedDispute(gift, 9000, "usd")
        dispute.move(Movement("dispute", -9000, FEE))
        told = [dispute.tell("created"), dispute.tell("closed", "lost")]
        told.append(dispute.tell("updated", "appeal_needs_response", due_by=1_800_000_000))
        donation, mine = replay.begin([*gift.paid(), *told])
        replay.report(mine)
        found = replay.result(donation)
        assert (found.state, found.acknowledged) == ("disputed", 0)
        assert found.dispute == ("appeal_needs_response", 1_800_000_000)
        if outcome == "won":
            dispute.move(Movement("dispute_reversal", 9000))
        replay.report([dispute.tell("closed", outcome)])
        found = replay.result(donation)
        assert found.receipts == receipts
        assert found.state == ("paid" if outcome == "won" else "dispute_lost")
    assert differences(replay) == []


def test_a_fee_in_the_banks_currency_is_no_fee_in_ours(replay: Replay) -> None:
    gift = PaidGift(6500)
    events = lost(gift, 6500, "gbp", 5120, Movement("fee", -300))
    found = played(replay, gift, *events)
    assert found.kept == {("fee", "gbp"): FEE + 300}


OUTCOMES = {
    "lost": [("closed", "lost")],
    "won": [("closed", "won")],
    "appeal won": [
        ("closed", "lost"),
        ("updated", "appeal_needs_response"),
        ("updated", "appeal_under_review"),
        ("closed", "won"),
    ],
    "appeal lost": [
        ("updated", "under_review"),
        ("closed", "lost"),
        ("updated", "appeal_needs_response"),
        ("closed", "lost"),
    ],
    "appeal open": [("closed", "lost"), ("updated", "appeal_needs_response")],
    "prevented": [("closed", "prevented")],
}
adjustments = st.lists(
    st.tuples(
        st.sampled_from(["dispute", "dispute_reversal", "adjustment"]),
        st.integers(-90, 90).filter(bool),
    ),
    max_size=3,
)


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # each example takes seconds
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    amount=st.integers(1_000, 90_000),
    currency=st.sampled_from(["usd", "jpy", "eur"]),
    percent=st.integers(5, 100),
    settled_in=st.sampled_from(["", "gbp", "jpy", "kwd"]),
    thousandths=st.integers(200, 3_000),
    adjusted=adjustments,
    outcome=st.sampled_from(sorted(OUTCOMES)),
    shuffled=st.randoms(use_true_random=False),
)
@example(6500, "usd", 100, "gbp", 788, [("dispute_reversal", 40)], "lost", None)
@example(6500, "usd", 18, "gbp", 788, [("dispute", -12)], "lost", None)
def test_whatever_moves_in_whatever_order_the_gift_follows_the_dispute(
    replay: Replay,
    amount: int,
    currency: str,
    percent: int,
    settled_in: str,
    thousandths: int,
    adjusted: list[tuple[str, int]],
    outcome: str,
    shuffled: Random | None,
) -> None:
    gift = PaidGift(amount, currency)
    disputed = amount * percent // 100
    balance = settled_in or currency
    settled = disputed if balance == currency else disputed * thousandths // 1000
    dispute = ReportedDispute(gift, disputed, balance)
    dispute.move(Movement("dispute", -settled, FEE))
    told = [dispute.tell("created"), dispute.tell("funds_withdrawn")]
    ends = OUTCOMES[outcome]
    for place, (happened, status) in enumerate(ends, 1):
        if place == len(ends):
            for category, cents in adjusted:
                dispute.move(Movement(category, cents))
            if status == "won":
                dispute.move(Movement("dispute_reversal", settled))
        told.append(dispute.tell(happened, status))
    again = [dict(one, id=f"{one['id']}_again") for one in told]
    events = [*gift.paid(), *told, *again]
    donation, mine = replay.begin(events)
    if shuffled is not None:
        shuffled.shuffle(mine)
    replay.know([one for one in mine if not one["id"].endswith("_again")])
    replay.report(mine, known=False)
    _know_the_end(replay, mine)

    found = replay.result(donation)
    won = ends[-1][1] == "won"
    left = amount if won else amount - disputed
    assert (found.gift, found.acknowledged) == (left, left)
    opened = outcome == "appeal open"
    assert found.state == ("paid" if won else "disputed" if opened else "dispute_lost")
    gained = sum(cents for _, cents in adjusted)
    assert found.kept.get(("gain_loss", balance), 0) == -gained
    assert found.kept.get(("fee", balance), 0) == FEE
    assert set(found.kept) <= {("gain_loss", balance), ("fee", balance)}
    assert differences(replay) == []


def _know_the_end(replay: Replay, events: list[Json]) -> None:
    """Let the sandbox show the dispute as it is at last, whatever the order of the reports."""
    latest = max(
        (one for one in events if one["data"]["object"]["object"] == "dispute"),
        key=lambda one: one["created"],
    )
    replay.know([latest])


def test_reconcile_finds_what_no_event_told_and_mends_it(replay: Replay) -> None:
    gift = PaidGift(6500)
    *_, closed = lost(gift, 6500, "gbp", 5120, Movement("dispute_reversal", 40))
    donation, mine = replay.begin([*gift.paid(), closed])
    replay.report(mine[:-1])
    replay.know(mine[-1:])
    (one,) = differences(replay)
    assert (one.kind.value, one.repairable) == ("dispute", True)
    assert one.note == "its status at Stripe is lost"
    reconcile(replay.installation, apply=True, on_discrepancy=lambda _: None)
    found = replay.result(donation)
    assert (found.state, found.gift, found.acknowledged) == ("dispute_lost", 0, 0)
    assert found.kept == {("fee", "gbp"): FEE, ("gain_loss", "gbp"): -40}
    assert differences(replay) == []


def test_an_appeal_that_no_event_told_is_found_by_the_gifts_state(replay: Replay) -> None:
    gift = PaidGift(6500)
    dispute = ReportedDispute(gift, 6500, "usd")
    dispute.move(Movement("dispute", -6500, FEE))
    told = [dispute.tell("created"), dispute.tell("closed", "lost")]
    appealed = dispute.tell("updated", "appeal_needs_response")
    donation, mine = replay.begin([*gift.paid(), *told, appealed])
    replay.report(mine[:-1])
    replay.know(mine[-1:])
    (one,) = differences(replay)
    assert one.note == (
        "its status at Stripe is appeal_needs_response, but the donation is dispute_lost"
    )
    reconcile(replay.installation, apply=True, on_discrepancy=lambda _: None)
    assert replay.result(donation).state == "disputed"
    assert differences(replay) == []


def test_a_movement_that_the_dispute_does_not_list_is_found_in_the_balance(replay: Replay) -> None:
    """https://docs.stripe.com/api/disputes/object: it lists two balance transactions at most."""
    gift = PaidGift(6500)
    dispute = ReportedDispute(gift, 6500, "gbp")
    dispute.move(Movement("dispute", -5120, FEE))
    donation, mine = replay.begin([*gift.paid(), dispute.tell("closed", "lost")])
    replay.report(mine)
    dispute.move(Movement("dispute_reversal", 40))
    with replay.stripe.account.transaction():
        replay.stripe.account.add(dispute.object["balance_transactions"][1])
    (one,) = differences(replay)
    assert (one.kind.value, one.repairable) == ("dispute_gain_loss", True)
    assert str(one.stripe) == "-50.80 GBP"
    reconcile(replay.installation, apply=True, on_discrepancy=lambda _: None)
    assert replay.result(donation).kept == {("fee", "gbp"): FEE, ("gain_loss", "gbp"): -40}
    assert differences(replay) == []
