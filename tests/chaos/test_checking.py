"""The harness reports every kind of fault."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.checking import DOUBLED, LOST, ReceivedEmails, Record, check_donor
from tests.chaos.donors import Donor
from tests.chaos.kill_orders import PROCESS, Death, KillOrders
from tests.chaos.model import Truth
from tests.chaos.plan import ESSENTIAL, ChaosTally

DONOR = Donor("ada@example.org", 2500, "card", "kept")
TRUTH = Truth(moved=2500, charges=1, first=2500, sessions=1)
RECORD = Record(raised=2500, payments=1, receipts=1, message_ids=frozenset({"<receipt-1>"}))
RECEIVED = ReceivedEmails({"<receipt-1>": 1})


def findings(
    donor: Donor = DONOR,
    truth: Truth = TRUTH,
    record: Record = RECORD,
    received_emails: ReceivedEmails = RECEIVED,
) -> list[tuple[str, str]]:
    return [
        (found.kind, found.words) for found in check_donor(donor, truth, record, received_emails)
    ]


def test_matching_books_and_a_repeated_email_are_no_finding() -> None:
    assert findings() == []
    assert findings(received_emails=ReceivedEmails({"<receipt-1>": 2})) == []


def test_a_gift_that_is_not_in_the_books_is_lost() -> None:
    found = findings(record=Record(), received_emails=ReceivedEmails({}))
    assert found == [
        (LOST, "ada@example.org: raised 0, at Stripe 2500"),
        (LOST, "ada@example.org: payments 0, at Stripe 1"),
        (LOST, "ada@example.org: receipts 0, at Stripe 1"),
    ]


def test_a_gift_that_is_booked_twice_is_doubled() -> None:
    found = findings(record=replace(RECORD, raised=5000, payments=2))
    assert [kind for kind, _ in found] == [DOUBLED, DOUBLED]


def test_one_gift_charged_twice_is_doubled() -> None:
    twice = Truth(moved=5000, charges=2, first=2500, sessions=2)
    found = findings(truth=twice, record=replace(RECORD, raised=5000, payments=2, receipts=2))
    assert found == [
        (DOUBLED, "ada@example.org went through 2 pages for one gift"),
        (DOUBLED, "ada@example.org was charged 2 times for one gift"),
    ]


def test_a_refund_that_was_not_booked_is_seen() -> None:
    [found] = findings(truth=replace(TRUTH, moved=1500))
    assert found == (DOUBLED, "ada@example.org: raised 2500, at Stripe 1500")


def test_a_missing_email_is_lost_and_one_with_another_message_id_is_doubled() -> None:
    assert findings(received_emails=ReceivedEmails({})) == [
        (LOST, "ada@example.org did not receive <receipt-1>")
    ]
    [found] = findings(received_emails=ReceivedEmails({"<receipt-1>": 1, "<receipt-2>": 1}))
    assert found[0] == DOUBLED


def test_a_donor_who_was_turned_away_is_lost() -> None:
    turned = replace(DONOR, turned_away=True, answers=["503", "503"])
    [found] = findings(turned)
    assert found == (LOST, "ada@example.org was turned away: 503, 503")


def test_covered_fees_are_not_raised() -> None:
    donor = replace(DONOR, fee_cover=True)
    assert findings(donor, Truth(moved=2604, charges=1, first=2604, sessions=1)) == []


def test_a_tally_with_a_point_that_was_never_passed_is_not_fine() -> None:
    tally = ChaosTally()
    tally.passed.update(f"{name}.{side}" for name in ESSENTIAL for side in ("before", "after"))
    assert tally.fine(every_point=False)
    assert not tally.fine(every_point=True)
    del tally.passed[f"{ESSENTIAL[0]}.after"]
    assert not tally.fine(every_point=False)
    assert tally.missing == [f"{ESSENTIAL[0]}.after"]


class Killed(BaseException):
    """Replaces SIGKILL in this test."""


def test_an_order_is_carried_out_once_at_the_right_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise Killed

    monkeypatch.setattr("os.kill", die)
    kill_orders = KillOrders(tmp_path)
    kill_orders.order("web:somewhere.commit.after", 2, PROCESS)

    kill_orders.pass_point("web:somewhere.commit.before")
    kill_orders.pass_point("web:somewhere.commit.after")
    with pytest.raises(Killed):
        kill_orders.pass_point("web:somewhere.commit.after", "charge.refunded")
    kill_orders.pass_point("web:somewhere.commit.after")

    assert kill_orders.deaths() == [Death("web:somewhere.commit.after", PROCESS, "charge.refunded")]
    assert kill_orders.passed()["web:somewhere.commit.after"] == 3
    assert not kill_orders.passed()
