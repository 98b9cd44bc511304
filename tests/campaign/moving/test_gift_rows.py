"""A row of another system's gifts is a gift, a refund, or neither; and what a gift comes to, from whom, and when."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from campaign.core.money import LARGEST_CHARGE
from campaign.models import Frequency
from campaign.moving.amounts import DecimalMark
from campaign.moving.columns import ColumnMap
from campaign.moving.gift_rows import (
    GiftReader,
    LeftOutRow,
    PastGiftRow,
    PastRefundRow,
    read_currency,
    read_donor_email,
    read_frequency,
    read_locale,
    read_name,
)
from campaign.moving.gift_states import PastGiftState
from campaign.moving.moments import DateOrder
from campaign.moving.tables import TableRow

Cells = dict[str, str]
DAY = "2024-12-30"
GIFT: Cells = {"external_id": "9", "given_at": DAY, "total": "100.00"}


def reader(columns: Cells, **options: object) -> GiftReader:
    """Return a reader of `columns`, by our field's name, of a file in dollars from Los Angeles."""
    order, mark = options.get("order"), options.get("mark")
    assert order is None or isinstance(order, DateOrder)
    assert mark is None or isinstance(mark, DecimalMark)
    return GiftReader(ColumnMap(columns), ZoneInfo("America/Los_Angeles"), "usd", order, mark)


def read(cells: Cells, **options: object) -> PastGiftRow | PastRefundRow | LeftOutRow:
    """Return what a row is whose columns are named as our fields."""
    return reader({name: name for name in cells}, **options).read(TableRow(7, cells))


def gift(**cells: str) -> PastGiftRow:
    found = read(GIFT | cells)
    assert isinstance(found, PastGiftRow), found
    return found


def refund(**cells: str) -> PastRefundRow:
    found = read(GIFT | cells)
    assert isinstance(found, PastRefundRow), found
    return found


def test_a_row_says_nothing_more_than_its_date_and_amount() -> None:
    found = gift()
    assert found == PastGiftRow(
        7, "9", datetime(2024, 12, 30, 20, tzinfo=UTC), 10_000, 0, 0, "usd", locale="en"
    )
    assert found.anonymous


@pytest.mark.parametrize(
    ("cells", "amount", "cover"),
    [
        ({"total": "100"}, 10_000, 0),
        ({"total": "", "amount": "100"}, 10_000, 0),
        ({"total": "", "amount": "100", "cover": "3"}, 10_000, 300),
        ({"total": "103", "amount": "100"}, 10_000, 300),
        ({"total": "103", "cover": "3"}, 10_000, 300),
        # The total and the gift say it; a third figure is not asked.
        ({"total": "103", "amount": "100", "cover": "5"}, 10_000, 300),
        ({"total": "103", "fee": "3", "fees_covered": "yes"}, 10_000, 300),
        ({"total": "103", "fee": "3", "fees_covered": "no"}, 10_300, 0),
        ({"total": "103", "fee": "4", "cover": "3", "fees_covered": "yes"}, 10_000, 300),
        ({"total": "", "amount": "100", "fee": "3", "fees_covered": "yes"}, 10_000, 0),
        ({"total": "100", "amount": "100"}, 10_000, 0),
    ],
)
def test_the_gift_and_the_covered_fees_follow_from_what_the_row_has(
    cells: Cells, amount: int, cover: int
) -> None:
    found = gift(**cells)
    assert (found.amount, found.cover, found.total) == (amount, cover, amount + cover)


@pytest.mark.parametrize(
    "cells",
    [
        {"total": "100", "amount": "100.01"},
        {"total": "3", "cover": "3"},
        {"total": "3", "cover": "3.01"},
        {"total": "", "amount": "-1"},
        {"total": "", "amount": "5", "cover": "-1"},
    ],
)
def test_amounts_that_do_not_add_up_are_refused(cells: Cells) -> None:
    with pytest.raises(ValueError, match="the amounts do not add up"):
        read(GIFT | cells)


@pytest.mark.parametrize("cells", [{"total": ""}, {"total": "0.00"}, {"total": "0", "amount": "0"}])
def test_a_row_without_money_is_no_gift(cells: Cells) -> None:
    assert read(GIFT | cells) == LeftOutRow(7, "no money was given")


def test_a_gift_is_at_most_the_largest_charge() -> None:
    assert gift(total=f"{LARGEST_CHARGE / 100:.2f}").total == LARGEST_CHARGE
    with pytest.raises(ValueError, match="more than one gift can be"):
        read(GIFT | {"total": f"{(LARGEST_CHARGE + 1) / 100:.2f}"})


@pytest.mark.parametrize(("fee", "kept"), [("3.20", 320), ("", 0), ("-3.20", 0)])
def test_a_fee_is_never_below_nothing(fee: str, kept: int) -> None:
    assert gift(fee=fee).fee == kept


@pytest.mark.parametrize(
    ("cells", "currency", "amount"),
    [
        ({"currency": ""}, "usd", 10_000),
        ({"currency": "EUR"}, "eur", 10_000),
        ({"currency": "jpy", "total": "500"}, "jpy", 500),
        ({"currency": "EUR", "total": "€100"}, "eur", 10_000),
    ],
)
def test_an_amount_is_in_the_rows_currency(cells: Cells, currency: str, amount: int) -> None:
    found = gift(**cells)
    assert (found.currency, found.amount) == (currency, amount)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"given_at": ""}, "no date"),
        ({"given_at": "1/2/2024"}, "could be January 2 or February 1"),
        ({"total": "€100"}, "total is in EUR, the gift in USD"),
        ({"total": "1,250"}, "could be thousands or decimals"),
        ({"currency": "dollars"}, "'dollars' is not a currency"),
        ({"email": "a@reader.test b@reader.test"}, "2 addresses in one cell"),
        ({"anonymous": "perhaps"}, "is neither yes nor no"),
        ({"state": "Lost in space"}, "is no state of a gift"),
        ({"donor_ref": "x" * 201}, "is longer than 200"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_with_the_reason(cells: Cells, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(GIFT | cells)


def test_what_the_file_shows_decides_what_a_row_alone_does_not_say() -> None:
    found = read(
        GIFT | {"given_at": "1/2/2024", "total": "1,250"},
        order=DateOrder.dmy,
        mark=DecimalMark.point,
    )
    assert isinstance(found, PastGiftRow)
    assert (found.given_at.month, found.given_at.day, found.total) == (2, 1, 125_000)


@pytest.mark.parametrize(
    ("cells", "hour"),
    [
        # A date alone is noon there, so that it is that day in zones around it.
        ({"given_at": DAY}, 20),
        ({"given_at": f"{DAY} 09:00"}, 17),
        ({"given_at": DAY, "given_time": "9:00 am"}, 17),
        ({"given_at": f"{DAY} 09:00 UTC"}, 9),
        ({"given_at": "12/30/24 09:00"}, 17),
    ],
)
def test_the_moment_of_a_gift_is_in_the_files_zone_unless_it_says_another(
    cells: Cells, hour: int
) -> None:
    assert gift(**cells).given_at == datetime(2024, 12, 30, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"mode": "Test"}, "made in test mode"),
        ({"mode": "yes"}, "made in test mode"),
        ({"state": "pending"}, "still pending"),
        ({"state": "failed"}, "failed, canceled or revoked"),
        ({"kind": "Pledge"}, "a pledge or plan; its payments are rows of their own"),
        ({"kind": "payout"}, "'payout' is no gift"),
        ({"kind": "dispute"}, "the movement of a dispute"),
        # What is left out is not read: a row without a date is no fault then.
        ({"state": "pending", "given_at": ""}, "still pending"),
    ],
)
def test_a_row_that_is_no_gift_says_why(cells: Cells, reason: str) -> None:
    found = read(GIFT | cells)
    assert isinstance(found, LeftOutRow)
    assert found.reason.startswith(reason)


@pytest.mark.parametrize(
    "cells", [{"mode": "live"}, {"mode": ""}, {"kind": "charge"}, {"kind": ""}]
)
def test_a_row_of_a_gift_is_one(cells: Cells) -> None:
    assert gift(**cells).total == 10_000


def test_a_word_that_a_person_explained_is_known() -> None:
    columns = ColumnMap({name: name for name in (*GIFT, "state")})
    states = {"banked": PastGiftState.complete}
    found = GiftReader(columns, ZoneInfo("UTC"), "usd", states=states).read(
        TableRow(2, GIFT | {"state": "Banked"})
    )
    assert isinstance(found, PastGiftRow)


@pytest.mark.parametrize(
    ("cells", "refunded"),
    [
        ({}, 0),
        ({"state": "refunded"}, 10_000),
        ({"state": "refunded", "refunded": "40"}, 4_000),
        ({"state": "partially refunded", "refunded": "99.99"}, 9_999),
        ({"state": "partially refunded", "refunded": "-40"}, 4_000),
        ({"state": "complete", "refunded": "100"}, 10_000),
        ({"state": "chargeback"}, 10_000),
        ({"state": "paid", "dispute": "lost"}, 10_000),
        ({"state": "paid", "dispute": "won"}, 0),
    ],
)
def test_what_was_refunded_follows_from_the_state_and_the_amount(
    cells: Cells, refunded: int
) -> None:
    assert gift(**cells).refunded == refunded


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"state": "partially refunded"}, "no column says how much"),
        ({"state": "partially refunded", "refunded": "100"}, "no column says how much"),
        ({"refunded": "100.01"}, "more was refunded than given"),
        ({"state": "chargeback", "payment_intent": "pi_1"}, "`campaign adopt pi_1`"),
        ({"state": "chargeback", "charge": "ch_1"}, "`campaign adopt ch_1`"),
    ],
)
def test_a_refund_that_cannot_be_right_is_refused(cells: Cells, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(GIFT | cells)


def test_the_moment_of_a_refund_is_read_only_if_there_is_one() -> None:
    assert gift(refunded="0", refunded_at="nonsense").refunded_at is None
    found = gift(refunded="40", refunded_at="2025-01-05 10:00 UTC")
    assert found.refunded_at == datetime(2025, 1, 5, 10, tzinfo=UTC)


def test_a_negative_total_is_a_refund_of_the_gift_that_it_names() -> None:
    found = refund(total="-40.00", payment_intent="pi_1", charge="ch_1", source_id="re_1")
    assert found == PastRefundRow(
        7, "re_1", 4_000, "usd", datetime(2024, 12, 30, 20, tzinfo=UTC), "9", "pi_1", "ch_1"
    )
    later = refund(total="(40.00)", source_id="txn_1", refunded_at="2025-01-05 10:00 UTC")
    assert (later.refund_id, later.refunded_at) == ("", datetime(2025, 1, 5, 10, tzinfo=UTC))


def test_a_row_without_an_id_is_known_by_its_content_and_by_how_many_came_before() -> None:
    cells = {"given_at": DAY, "total": "5"}
    once = reader({name: name for name in cells})
    rows = [cells, cells, cells | {"total": "6"}]
    found = [once.read(TableRow(line, row)) for line, row in enumerate(rows, start=2)]
    ids = [one.external_id for one in found if isinstance(one, PastGiftRow)]
    assert [one[-2:] for one in ids] == [":1", ":2", ":1"]
    assert len({one.partition(":")[0] for one in ids}) == 2
    again = reader({name: name for name in cells}).read(TableRow(9, cells))
    assert isinstance(again, PastGiftRow)
    assert again.external_id == ids[0]


@pytest.mark.parametrize(
    ("column", "installment", "external_id"),
    [
        ("Receipt ID", "3", "AB1:3"),
        ("Receipt ID", "", "AB1:1"),
        ("Order Number", "2", "AB1:2"),
        ("Lineitem ID", "3", "AB1"),
    ],
)
def test_a_receipt_that_recurs_is_told_apart_by_its_number(
    column: str, installment: str, external_id: str
) -> None:
    cells = {column: "AB1", "given_at": DAY, "total": "5", "installment": installment}
    columns = {name: name for name in cells if name != column} | {"external_id": column}
    found = reader(columns).read(TableRow(2, cells))
    assert isinstance(found, PastGiftRow)
    assert found.external_id == external_id


@pytest.mark.parametrize(
    ("cells", "ids"),
    [
        ({"payment_intent": "pi_1", "charge": "ch_1", "invoice": "in_1"}, ("pi_1", "ch_1", "in_1")),
        ({"external_id": "pi_1"}, ("pi_1", "", "")),
        ({"charge": "pi_1"}, ("pi_1", "", "")),
        ({"charge": "py_1"}, ("", "py_1", "")),
        ({"charge": "pi_1", "payment_intent": "pi_2"}, ("pi_2", "", "")),
        ({"charge": "5TX PayPal"}, ("", "", "")),
        ({"charge": "ch_1 and ch_2"}, ("", "", "")),
        ({"charge": "ch_é"}, ("", "", "")),
    ],
)
def test_the_ids_of_stripe_are_found_in_whichever_column(
    cells: Cells, ids: tuple[str, str, str]
) -> None:
    found = gift(**cells)
    assert (found.payment_intent, found.charge, found.invoice) == ids


def test_a_donor_is_read_with_everything_that_the_row_says() -> None:
    found = gift(
        email="Ana@reader.test",
        name="Ana Reyes",
        language="Spanish",
        donor_ref="D-1",
        anonymous="no",
        comment=" Keep \n going! ",
        address="1 Elm St",
        address_2="Apt 2",
        city="Astoria",
        region="OR",
        postal_code="97103",
        country="USA",
    )
    assert (found.email, found.name, found.locale) == ("Ana@reader.test", "Ana Reyes", "es")
    assert (found.donor_ref, found.anonymous, found.comment) == ("D-1", False, "Keep\ngoing!")
    assert found.address == "1 Elm St\nApt 2\nAstoria, OR 97103\nUSA"


@pytest.mark.parametrize(
    ("cells", "address"),
    [
        ({"address": "1 Elm St, Astoria", "country": "USA"}, "1 Elm St, Astoria\nUSA"),
        ({"city": "Astoria"}, "Astoria"),
        ({"region": "OR", "postal_code": "97103", "country": "USA"}, ""),
        ({"country": "USA"}, ""),
    ],
)
def test_an_address_needs_a_street_or_a_city(cells: Cells, address: str) -> None:
    assert gift(**cells).address == address


@pytest.mark.parametrize(("length", "kept"), [(1_000, 1_000), (1_001, 1_000)])
def test_a_long_comment_is_cut(length: int, kept: int) -> None:
    assert len(gift(comment="x" * length).comment) == kept


@pytest.mark.parametrize(
    ("kind", "name", "found"),
    [
        ("In memory of", "Bea", ("memory", "Bea")),
        ("Memorial", "Bea", ("memory", "Bea")),
        ("Honoree", "Bea", ("honor", "Bea")),
        ("", "Bea", ("honor", "Bea")),
        ("Memorial", " ", ("", "")),
    ],
)
def test_a_tribute_is_for_somebody(kind: str, name: str, found: tuple[str, str]) -> None:
    row = gift(tribute_kind=kind, tribute_name=name)
    assert (row.tribute_kind, row.tribute_name) == found


@pytest.mark.parametrize(
    ("cells", "frequency", "installment"),
    [
        ({}, "one_time", None),
        ({"frequency": "Monthly"}, "monthly", None),
        ({"installment": "1"}, "one_time", 1),
        ({"installment": "2"}, "monthly", 2),
        ({"installment": "2.0"}, "monthly", 2),
        ({"installment": "2", "frequency": "once"}, "one_time", 2),
        ({"installment": "2", "frequency": "annual"}, "yearly", 2),
        ({"installment": "0"}, "one_time", None),
        ({"installment": "9999"}, "monthly", 9999),
        ({"installment": "10000"}, "one_time", None),
        ({"installment": "second"}, "one_time", None),
    ],
)
def test_a_later_installment_is_monthly_unless_the_row_says_otherwise(
    cells: Cells, frequency: str, installment: int | None
) -> None:
    found = gift(**cells)
    assert (found.frequency, found.installment) == (frequency, installment)


@pytest.mark.parametrize(
    ("cell", "frequency"),
    [
        ("", Frequency.one_time),
        ("One Time", Frequency.one_time),
        ("MONTH", Frequency.monthly),
        ("every-month", Frequency.monthly),
        ("yes", Frequency.monthly),
        ("1", Frequency.monthly),
        ("2", Frequency.monthly),
        ("0", Frequency.one_time),
        ("Annually", Frequency.yearly),
        ("12 months", Frequency.yearly),
        ("weekly", Frequency.one_time),
    ],
)
def test_a_frequency_is_one_of_ours(cell: str, frequency: Frequency) -> None:
    assert read_frequency(cell) is frequency


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ({"name": "Ana Reyes", "first_name": "A", "last_name": "R"}, "Ana Reyes"),
        ({"first_name": "Ana", "last_name": "Reyes"}, "Ana Reyes"),
        ({"last_name": "Reyes"}, "Reyes"),
        ({"email": "Ana Reyes <ana@reader.test>"}, "Ana Reyes"),
        ({"name": "Ana", "company": "Reyes Inc"}, "Ana, Reyes Inc"),
        ({"name": "Reyes Inc", "company": "REYES INC"}, "Reyes Inc"),
        ({"company": "Reyes Inc"}, "Reyes Inc"),
        ({"name": "x" * 150, "company": "y" * 150}, f"{'x' * 150}, {'y' * 48}"),
        ({}, ""),
    ],
)
def test_a_name_is_the_persons_and_the_organizations(cells: Cells, name: str) -> None:
    assert read_name(lambda field: cells.get(field, "")) == name


def test_an_empty_cell_has_a_value_that_says_so() -> None:
    def empty(_: str) -> str:
        return ""

    assert read_currency(empty, "eur") == "eur"
    assert read_donor_email(empty) == ""
    assert read_locale(empty) == "en"
    assert read_locale(lambda _: "French") == "en"
