"""The harness can fail: whatever is planted is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.checking import DOUBLED, LOST, Letters, Record, check_donor
from tests.chaos.donors import Donor
from tests.chaos.ground import PROCESS, Death, Ground
from tests.chaos.model import Truth
from tests.chaos.plan import ESSENTIAL, Account

DONOR = Donor("ada@example.org", 2500, "card", "kept")
TRUTH = Truth(moved=2500, charges=1, first=2500, sessions=1)
RECORD = Record(raised=2500, payments=1, receipts=1, letters=frozenset({"<receipt-1>"}))
LETTERS = Letters({"<receipt-1>": 1})


def findings(
    donor: Donor = DONOR, truth: Truth = TRUTH, record: Record = RECORD, letters: Letters = LETTERS
) -> list[tuple[str, str]]:
    return [(found.kind, found.words) for found in check_donor(donor, truth, record, letters)]


def test_what_agrees_is_no_finding_and_neither_is_the_same_letter_twice() -> None:
    assert findings() == []
    assert findings(letters=Letters({"<receipt-1>": 2})) == []


def test_a_gift_that_is_not_in_the_books_is_lost() -> None:
    found = findings(record=Record(), letters=Letters({}))
    assert found == [
        (LOST, "ada@example.org: raised 0, at Stripe 2500"),
        (LOST, "ada@example.org: payments 0, at Stripe 1"),
        (LOST, "ada@example.org: receipts 0, at Stripe 1"),
    ]


def test_a_gift_that_is_booked_twice_is_doubled() -> None:
    found = findings(record=replace(RECORD, raised=5000, payments=2))
    assert [kind for kind, _ in found] == [DOUBLED, DOUBLED]


def test_one_intention_charged_twice_is_doubled() -> None:
    twice = Truth(moved=5000, charges=2, first=2500, sessions=2)
    found = findings(truth=twice, record=replace(RECORD, raised=5000, payments=2, receipts=2))
    assert found == [
        (DOUBLED, "ada@example.org went through 2 pages for one intention"),
        (DOUBLED, "ada@example.org was charged 2 times for one intention"),
    ]


def test_a_refund_that_was_not_booked_is_seen() -> None:
    [found] = findings(truth=replace(TRUTH, moved=1500))
    assert found == (DOUBLED, "ada@example.org: raised 2500, at Stripe 1500")


def test_a_letter_that_never_came_is_lost_and_one_under_another_name_is_doubled() -> None:
    assert findings(letters=Letters({})) == [(LOST, "ada@example.org never got <receipt-1>")]
    [found] = findings(letters=Letters({"<receipt-1>": 1, "<receipt-2>": 1}))
    assert found[0] == DOUBLED


def test_a_donor_who_was_turned_away_is_lost() -> None:
    turned = replace(DONOR, turned_away=True, answers=["503", "503"])
    [found] = findings(turned)
    assert found == (LOST, "ada@example.org was turned away: 503, 503")


def test_covered_fees_are_not_raised() -> None:
    donor = replace(DONOR, fee_cover=True)
    assert findings(donor, Truth(moved=2604, charges=1, first=2604, sessions=1)) == []


def test_an_account_with_a_point_that_nobody_passes_is_not_fine() -> None:
    account = Account()
    account.passed.update(f"{name}.{side}" for name in ESSENTIAL for side in ("before", "after"))
    assert account.fine(every_point=False)
    assert not account.fine(every_point=True)
    del account.passed[f"{ESSENTIAL[0]}.after"]
    assert not account.fine(every_point=False)
    assert account.missing == [f"{ESSENTIAL[0]}.after"]


class Killed(BaseException):
    """Where SIGKILL would have been."""


def test_an_order_is_carried_out_at_its_passing_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise Killed

    monkeypatch.setattr("os.kill", die)
    ground = Ground(tmp_path)
    ground.order("web:somewhere.commit.after", 2, PROCESS)

    ground.pass_point("web:somewhere.commit.before")
    ground.pass_point("web:somewhere.commit.after")
    with pytest.raises(Killed):
        ground.pass_point("web:somewhere.commit.after", "charge.refunded")
    ground.pass_point("web:somewhere.commit.after")

    assert ground.deaths() == [Death("web:somewhere.commit.after", PROCESS, "charge.refunded")]
    assert ground.passed()["web:somewhere.commit.after"] == 3
    assert not ground.passed()
