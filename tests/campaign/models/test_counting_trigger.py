"""What an entry of the ledger changes in the totals, by the database's own trigger."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.row_examples.rows import Rows
from tests.support.row_examples.table import BLINK, DAY, NOON
from tests.support.two_at_once import after_the_first

HOUR = timedelta(hours=1)


class Books:
    """A campaign, and entries for it."""

    def __init__(self, rows: Rows, **campaign: Any) -> None:
        self.rows = rows
        self.campaign = rows.add("campaign", campaign)

    def give(self, amount: int = 2500, donor: object = None, **donation: Any) -> Any:
        """Enter a paid donation; return its id."""
        changes = {"amount": amount, **donation, **({"donor_id": donor} if donor else {})}
        number = self.rows.add("donation", changes)
        self.enter(number, "payment", amount)
        return number

    def enter(self, donation: Any, kind: str, amount: int, **changes: Any) -> None:
        reasons = {"reason": "Why", "recorded_by": "Fay"} if kind == "correction" else {}
        self.rows.add(
            "ledger_entry",
            {
                "campaign_id": self.campaign,
                "donation_id": donation,
                "kind": kind,
                "amount": amount,
                **reasons,
                **changes,
            },
        )

    def totals(self) -> tuple[int, ...]:
        """(raised, donations, donors, donors who gave before) of all shards."""
        query = """SELECT coalesce(sum(raised), 0)::int, coalesce(sum(donations), 0)::int,
            coalesce(sum(donors), 0)::int, coalesce(sum(gave_before), 0)::int
            FROM progress_shard WHERE campaign_id = %s"""
        (found,) = self.rows.all(query, self.campaign)
        return found

    def tally(self, kind: str) -> dict[str, tuple[int, ...]]:
        """(amount, gifts, received, payments) by key, of all shards."""
        query = """SELECT key, sum(amount)::int, sum(gifts)::int, sum(received)::int, sum(payments)::int
            FROM gift_tally WHERE campaign_id = %s AND kind = %s GROUP BY key"""
        return {key: tuple(rest) for key, *rest in self.rows.all(query, self.campaign, kind)}

    def matching(self, **changes: Any) -> Any:
        return self.rows.add("matching_gift", {"campaign_id": self.campaign, **changes})

    def given(self, matching: Any) -> int:
        """What counts toward a matching gift."""
        query = "SELECT coalesce(sum(given), 0)::int FROM matching_shard WHERE matching_id = %s"
        return int(self.rows.value(query, matching))


def test_a_payment_counts_once_everywhere(rows: Rows) -> None:
    books = Books(rows)
    books.give(2500, code="spring", frequency="monthly")
    counted = (2500, 1, 2500, 1)
    assert books.totals() == (2500, 1, 1, 0)
    assert books.tally("code") == {"spring": counted}
    assert books.tally("frequency") == {"monthly": counted}
    assert books.tally("hour") == {"2026-12-24T04": counted}
    assert books.tally("size") == {"2000": counted}


@pytest.mark.parametrize(
    ("donation", "shard"), [(15_999_984, 0), (15_999_999, 15), (15_999_987, 3)]
)
def test_a_donation_s_shard_is_its_number_modulo_sixteen(
    rows: Rows, donation: int, shard: int
) -> None:
    books = Books(rows)
    matching = books.matching(starts_at=NOON, ends_at=NOON + DAY)
    books.give(id=donation)
    shards = "SELECT shard, raised FROM progress_shard WHERE campaign_id = %s"
    assert rows.all(shards, books.campaign) == [(shard, 2500)]
    tallies = "SELECT DISTINCT shard FROM gift_tally WHERE campaign_id = %s"
    assert rows.all(tallies, books.campaign) == [(shard,)]
    matched = "SELECT shard, given FROM matching_shard WHERE matching_id = %s"
    assert rows.all(matched, matching) == [(shard, 2500)]


@pytest.mark.parametrize(
    ("amount", "size"),
    [(1, "1"), (2, "2"), (4, "2"), (5, "5"), (9, "5"), (10, "10"), (199, "100"), (200, "200"),
     (499, "200"), (500, "500"), (999, "500"), (1000, "1000"), (2500, "2000"), (500_000, "500000"),
     (99_999_999, "50000000")],
)  # fmt: skip
def test_sizes_go_by_one_two_and_five(rows: Rows, amount: int, size: str) -> None:
    books = Books(rows)
    books.give(amount)
    assert list(books.tally("size")) == [size]
    assert books.totals() == (amount, 1, 1, 0)


@pytest.mark.parametrize(
    ("zone", "moment", "hour"),
    [
        ("America/Los_Angeles", NOON, "2026-12-24T04"),
        ("America/Los_Angeles", NOON - 5 * HOUR, "2026-12-23T23"),
        ("Asia/Kolkata", NOON, "2026-12-24T17"),
        ("America/Los_Angeles", NOON - BLINK, "2026-12-24T03"),
        ("America/Los_Angeles", NOON.replace(month=7), "2026-07-24T05"),
    ],
)
def test_hours_are_the_campaign_s(rows: Rows, zone: str, moment: datetime, hour: str) -> None:
    books = Books(rows, timezone=zone)
    books.enter(rows.add("donation"), "payment", 2500, occurred_at=moment)
    assert list(books.tally("hour")) == [hour]


def test_what_moves_no_money_of_a_campaign_changes_nothing(rows: Rows) -> None:
    books = Books(rows)
    donation = books.give()
    shards = "SELECT count(*) FROM progress_shard"
    before = books.totals(), books.tally("hour"), books.tally("code"), rows.value(shards)
    books.enter(donation, "refund", -500, campaign_id=None)
    books.enter(donation, "fee", 0, fee=103)
    books.enter(donation, "correction", 0)
    books.enter(rows.add("donation"), "payment", 700, campaign_id=None)
    after = books.totals(), books.tally("hour"), books.tally("code"), rows.value(shards)
    assert after == before


def test_a_gift_counts_until_nothing_of_it_remains(rows: Rows) -> None:
    books = Books(rows)
    donation = books.give(2500, code="spring")
    seen = []
    steps = [
        ("refund", -1500),
        ("refund", -999),
        ("dispute", -1),
        ("refund_failed", 1),
        ("correction", 9),
    ]
    for kind, amount in steps:
        books.enter(donation, kind, amount)
        seen.append((books.totals(), books.tally("code")["spring"]))
    assert seen == [
        ((1000, 1, 1, 0), (1000, 1, 2500, 1)),
        ((1, 1, 1, 0), (1, 1, 2500, 1)),
        ((0, 0, 0, 0), (0, 0, 2500, 1)),
        ((1, 1, 1, 0), (1, 1, 2500, 1)),
        ((10, 1, 1, 0), (10, 1, 2500, 1)),
    ]


def test_more_may_go_than_came(rows: Rows) -> None:
    books = Books(rows)
    donation = books.give(100)
    books.enter(donation, "refund", -100)
    books.enter(donation, "dispute", -100)
    assert books.totals() == (-100, 0, 0, 0)
    books.enter(donation, "dispute_reversed", 100)
    assert books.totals() == (0, 0, 0, 0)


def test_a_donor_of_two_gifts_is_one_donor(rows: Rows) -> None:
    books = Books(rows)
    ana, ben = rows.add("donor"), rows.add("donor")
    first, second = books.give(1000, ana), books.give(2000, ana)
    books.give(400, ben)
    seen = [books.totals()]
    for donation, amount in ((first, -1000), (second, -2000)):
        books.enter(donation, "refund", amount)
        seen.append(books.totals())
    assert seen == [(3400, 3, 2, 0), (2400, 2, 2, 0), (400, 1, 1, 0)]
    remaining = "SELECT remaining_gifts FROM campaign_donor WHERE donor_id = %s"
    assert (rows.value(remaining, ana), rows.value(remaining, ben)) == (0, 1)


def test_who_gave_to_another_campaign_before_is_counted(rows: Rows) -> None:
    earlier, later = Books(rows), Books(rows)
    ana, ben = rows.add("donor"), rows.add("donor")
    earlier.give(1000, ana)
    assert earlier.totals() == (1000, 1, 1, 0)
    first, second = later.give(2000, ana), later.give(2000, ana)
    # What others gave elsewhere does not count, whoever came first.
    earlier.give(100, rows.add("donor"))
    later.give(500, ben)
    assert later.totals() == (4500, 3, 2, 1)
    later.enter(first, "refund", -2000)
    assert later.totals() == (2500, 2, 2, 1)
    later.enter(second, "refund", -2000)
    assert later.totals() == (500, 1, 1, 0)
    later.enter(second, "refund_failed", 2000)
    assert later.totals() == (2500, 2, 2, 1)
    assert earlier.totals() == (1100, 2, 2, 0)
    # The campaign that was created last may be the first that somebody gave to.
    earlier.give(40, ben)
    assert earlier.totals() == (1140, 3, 3, 1)


def test_a_gift_that_was_refunded_before_is_not_one_given_before(rows: Rows) -> None:
    earlier, later = Books(rows), Books(rows)
    ana = rows.add("donor")
    earlier.enter(earlier.give(1000, ana), "refund", -1000)
    gift = later.give(2000, ana)
    assert later.totals() == (2000, 1, 1, 0)
    # What was known at the first gift stays, whatever is given elsewhere afterwards.
    earlier.give(700, ana)
    later.give(300, ana)
    later.enter(gift, "refund", -2000)
    assert later.totals() == (300, 1, 1, 0)


def test_a_gift_outside_the_campaign_may_be_corrected_into_it(rows: Rows) -> None:
    """Only what counted toward this campaign is looked at."""
    books, other = Books(rows), Books(rows)
    donation = rows.add("donation")
    books.enter(donation, "payment", 2500, campaign_id=None)
    books.enter(donation, "correction", 2500)
    assert books.totals() == (2500, 1, 1, 0)
    assert books.tally("size") == {"2000": (2500, 1, 0, 0)}
    other.enter(donation, "refund", -2500)
    assert (books.totals(), other.totals()) == ((2500, 1, 1, 0), (-2500, 0, 0, 0))


def test_what_counted_toward_another_campaign_does_not_count_here(rows: Rows) -> None:
    first, middle, last = Books(rows), Books(rows), Books(rows)
    for elsewhere in (first, last):
        donation = elsewhere.give(2500)
        middle.enter(donation, "correction", 2500)
    assert middle.totals() == (5000, 2, 2, 2)


def test_an_entry_counts_for_its_own_donation(rows: Rows) -> None:
    books = Books(rows)
    rows.add("donation", id=16_000_000, code="fall", amount=9, frequency="yearly")
    books.give(2500, code="spring", frequency="monthly")
    rows.add("donation", code="winter", amount=9, frequency="yearly")
    books.give(2500, code="spring", frequency="monthly")
    assert list(books.tally("code")) == ["spring"]
    assert list(books.tally("frequency")) == ["monthly"]
    assert list(books.tally("size")) == ["2000"]


def test_gifts_that_share_a_shard_are_added_up(rows: Rows) -> None:
    books = Books(rows)
    matching = books.matching(starts_at=NOON, ends_at=NOON + DAY)
    for number in (16_000_003, 16_000_019, 16_000_035):
        books.give(2500, id=number, code="spring")
    assert books.tally("code") == {"spring": (7500, 3, 7500, 3)}
    assert (books.totals(), books.given(matching)) == ((7500, 3, 3, 0), 7500)
    shards = "SELECT shard FROM progress_shard WHERE campaign_id = %s"
    assert rows.all(shards, books.campaign) == [(3,)]


def test_entries_count_in_whatever_order_they_got_their_numbers(rows: Rows) -> None:
    """A number is drawn before the entry is written, so a later entry may have the lower one."""
    books = Books(rows)
    donation = rows.add("donation")
    books.enter(donation, "payment", 2500, id=16_000_000)
    books.enter(donation, "refund", -2500)
    assert books.totals() == (0, 0, 0, 0)


def test_a_refund_is_counted_in_its_own_hour(rows: Rows) -> None:
    books = Books(rows)
    donation = books.give(2500)
    books.enter(donation, "refund", -500, occurred_at=NOON + HOUR)
    assert books.tally("hour") == {
        "2026-12-24T04": (2500, 1, 2500, 1),
        "2026-12-24T05": (-500, 0, 0, 0),
    }


@pytest.mark.parametrize(
    ("moment", "counts"),
    [(NOON - BLINK, False), (NOON, True), (NOON + DAY - BLINK, True), (NOON + DAY, False)],
)
def test_a_gift_is_matched_from_the_start_of_the_window_to_before_its_end(
    rows: Rows, moment: datetime, *, counts: bool
) -> None:
    books = Books(rows)
    matching = books.matching(starts_at=NOON, ends_at=NOON + DAY)
    donation = rows.add("donation")
    books.enter(donation, "payment", 2500, occurred_at=moment)
    assert books.given(matching) == (2500 if counts else 0)
    # The refund goes by the gift's moment, not by its own.
    books.enter(donation, "refund", -500, occurred_at=NOON - HOUR)
    books.enter(donation, "refund", -300, occurred_at=NOON + HOUR)
    assert books.given(matching) == (1700 if counts else 0)


@pytest.mark.parametrize(
    ("ended", "counts"),
    [(NOON + HOUR, False), (NOON + HOUR + BLINK, True), (NOON + 2 * DAY, True)],
)
def test_a_matching_gift_that_was_ended_early_matches_until_then(
    rows: Rows, ended: datetime, *, counts: bool
) -> None:
    books = Books(rows)
    matching = books.matching(starts_at=NOON, ends_at=NOON + DAY, ended_at=ended)
    books.enter(rows.add("donation"), "payment", 2500, occurred_at=NOON + HOUR)
    books.enter(rows.add("donation"), "payment", 2500, occurred_at=NOON + DAY)
    assert books.given(matching) == (2500 if counts else 0)


def test_every_matching_gift_of_the_campaign_and_of_no_other_counts(rows: Rows) -> None:
    before, books, after = Books(rows), Books(rows), Books(rows)
    mine = [books.matching(starts_at=NOON, ends_at=NOON + DAY) for _ in range(2)]
    theirs = [one.matching(starts_at=NOON, ends_at=NOON + DAY) for one in (before, after)]
    books.give(2500)
    books.give(500)
    assert [books.given(one) for one in (*mine, *theirs)] == [3000, 3000, 0, 0]


def test_two_refunds_at_once_leave_no_gift(rows: Rows) -> None:
    books = Books(rows)
    donation = books.give(2500)
    rows.connection.commit()

    def first(one: Rows) -> None:
        one.add("ledger_entry", refund_of(books, donation, -1500))

    def second(other: Rows) -> None:
        other.add("ledger_entry", refund_of(books, donation, -1000))

    after_the_first(rows, first, second)
    assert books.totals() == (0, 0, 0, 0)


def refund_of(books: Books, donation: Any, amount: int) -> dict[str, Any]:
    entry = {"campaign_id": books.campaign, "donation_id": donation, "kind": "refund"}
    return {**entry, "amount": amount}
