"""A row of another system's recurring gifts: what it is, whether it is still charged, and where."""

import pytest

from campaign.core.csv_lists import RejectedLine
from campaign.moving.amounts import DecimalMark
from campaign.moving.columns import ColumnMap, Preset, find_preset, map_columns
from campaign.moving.gift_rows import LeftOutRow
from campaign.moving.monthly_rows import FIELDS, PRESETS, MonthlyRow, read_monthly
from campaign.moving.tables import TableRow


def read(mark: DecimalMark | None = None, **cells: str) -> MonthlyRow | LeftOutRow | RejectedLine:
    """Return what a row is whose columns are named as our fields, in a file in dollars."""
    columns = ColumnMap({name: name for name in cells})
    return read_monthly(TableRow(7, cells), columns, "usd", mark)


def gift(mark: DecimalMark | None = None, **cells: str) -> MonthlyRow:
    """Return the gift in a row that has an id of its own."""
    found = read(mark, **{"external_id": "9", **cells})
    assert isinstance(found, MonthlyRow), found
    return found


def test_a_row_is_a_gift_with_everything_that_it_says() -> None:
    found = read(
        external_id="P-1",
        subscription="sub_1",
        customer="cus_1",
        email="Ana <Ana@reader.test>",
        first_name="Ana",
        last_name="Reyes",
        company="Reyes Inc",
        amount="1,250.50",
        currency="EUR",
        frequency="Yearly",
        state="Active",
        method="PayPal",
        language="Spanish",
    )
    assert found == MonthlyRow(
        7, "P-1", "sub_1", "cus_1", "Ana@reader.test", "Ana Reyes, Reyes Inc",
        "es", 125_050, "eur", "yearly", True, "PayPal",
    )  # fmt: skip


def test_what_a_row_does_not_say_is_unknown_monthly_and_active() -> None:
    assert gift() == MonthlyRow(7, "9", "", "", "", "", "en", 0, "usd", "monthly", True, "")


@pytest.mark.parametrize(
    ("state", "active"),
    [
        ("", True),
        ("ACTIVE", True),
        ("past_due", True),
        ("Failing", True),
        ("canceled", False),
        ("incomplete_expired", False),
        ("Paused", False),
        ("unpaid", False),
    ],
)
def test_a_state_says_whether_the_gift_is_still_charged(state: str, active: bool) -> None:
    assert gift(state=state).active is active


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"state": "Mysterious"}, "'Mysterious' is no state of a recurring gift that we know"),
        ({"amount": "5-5"}, "is not an amount we can read"),
        ({"amount": "1,250"}, "could be thousands or decimals"),
        ({"currency": "xxq"}, "is not a currency"),
        ({"email": "nobody"}, "@-sign"),
        ({"email": "a@reader.test b@reader.test"}, "2 addresses in one cell"),
        ({"language": "Klingonese"}, "is not a language"),
        ({"method": "x" * 101}, "is longer than 100"),
        ({"external_id": "x" * 201}, "is longer than 200"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_by_its_line(
    cells: dict[str, str], reason: str
) -> None:
    found = read(**{"external_id": "9", **cells})
    assert isinstance(found, RejectedLine)
    assert found.line == 7
    assert reason in found.reason


@pytest.mark.parametrize(
    ("cells", "external_id"),
    [
        ({"subscription": "sub_1", "customer": "cus_1"}, "sub_1"),
        ({"customer": "cus_1", "email": "a@reader.test"}, "cus_1"),
        ({"email": "Ana@reader.test"}, "ana@reader.test"),
        ({"external_id": "x" * 200}, "x" * 200),
    ],
)
def test_a_gift_is_known_by_the_best_id_that_it_has(
    cells: dict[str, str], external_id: str
) -> None:
    found = read(**cells)
    assert isinstance(found, MonthlyRow)
    assert found.external_id == external_id


def test_a_row_without_an_id_and_an_address_is_left_out() -> None:
    found = read(name="Ana Reyes", amount="5.00", state="active")
    assert found == LeftOutRow(7, "neither an id nor an address")


@pytest.mark.parametrize(
    ("cells", "subscription", "customer"),
    [
        ({"external_id": "sub_9"}, "sub_9", ""),
        ({"external_id": "cus_9"}, "", "cus_9"),
        ({"subscription": "cus_1", "customer": "sub_1"}, "sub_1", "cus_1"),
        ({"subscription": "sub_1", "external_id": "sub_9"}, "sub_1", ""),
        ({"subscription": "I-PAYPAL", "customer": "payer"}, "", ""),
        ({"subscription": "sub_1 or so", "customer": "cus_"}, "", ""),
        ({"subscription": "my sub_1", "customer": "cus_é"}, "", ""),
    ],
)
def test_the_ids_of_stripe_are_found_in_whichever_column(
    cells: dict[str, str], subscription: str, customer: str
) -> None:
    found = gift(**cells)
    assert (found.subscription, found.customer) == (subscription, customer)


@pytest.mark.parametrize(
    ("cell", "currency", "mark", "amount", "own"),
    [
        ("12.50", "", None, 1250, "usd"),
        ("12.50", "eur", None, 1250, "eur"),
        ("€12.50", "", None, 1250, "eur"),
        ("500", "jpy", None, 500, "jpy"),
        ("1.250", "", DecimalMark.comma, 125_000, "usd"),
        ("", "eur", None, 0, "eur"),
    ],
)
def test_an_amount_is_in_its_own_currency_else_in_the_rows_else_in_the_files(
    cell: str, currency: str, mark: DecimalMark | None, amount: int, own: str
) -> None:
    found = gift(mark, amount=cell, currency=currency)
    assert (found.amount, found.currency) == (amount, own)


@pytest.mark.parametrize(
    ("cell", "frequency"),
    [("Month", "monthly"), ("year", "yearly"), ("annual", "yearly"), ("weekly", "monthly")],
)
def test_a_recurring_gift_is_monthly_unless_it_is_yearly(cell: str, frequency: str) -> None:
    assert gift(frequency=cell).frequency == frequency


@pytest.mark.parametrize("preset", PRESETS[1:], ids=lambda one: one.name)
def test_a_systems_file_is_known_by_its_columns(preset: Preset) -> None:
    assert find_preset(PRESETS, "", preset.signature) is preset
    for missing in preset.signature:
        left = [one for one in preset.signature if one != missing]
        assert find_preset(PRESETS, "", left) is not preset


def test_a_plain_list_is_first_and_presets_name_only_fields_that_exist() -> None:
    assert (PRESETS[0].name, PRESETS[0].signature) == ("plain", ())
    fields = {one.name for one in FIELDS}
    assert all(set(one.columns) <= fields for one in PRESETS)


def test_an_id_of_stripes_own_lists_is_the_subscription_or_the_customer() -> None:
    named = {one.name: one for one in PRESETS}
    found = map_columns(["id", "Status"], FIELDS, named["stripe-subscriptions"])
    assert found.columns["external_id"] == "id"
    row = TableRow(2, {"id": "sub_1", "Status": "active"})
    one = read_monthly(row, found, "usd", None)
    assert isinstance(one, MonthlyRow)
    assert (one.external_id, one.subscription) == ("sub_1", "sub_1")
