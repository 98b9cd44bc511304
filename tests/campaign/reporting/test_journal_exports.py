"""The journal's files for QuickBooks Online and Xero, in their documented columns."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from campaign.core.chart_of_accounts import BANK, CONTRIBUTIONS, STRIPE, parse_chart
from campaign.core.errors import ExportRefused
from campaign.core.settings import BooksSettings
from campaign.reporting.journal import Journal
from campaign.reporting.journal_exports import (
    QUICKBOOKS,
    XERO,
    XERO_LINES,
    count_parts,
    file_rows,
)
from campaign.reporting.journal_lines import JournalLine

DAY = date(2026, 11, 30)
NUMBERED = BooksSettings(parse_chart("stripe = 1010 Clearing; contributions = 4000; bank = 1000"))


def entry(day: date, amount: int, currency: str = "cad") -> list[JournalLine]:
    return [
        JournalLine(day, STRIPE, "", "Gifts", amount, 0, currency, number=3),
        JournalLine(day, CONTRIBUTIONS, "Water", "Gifts", 0, amount, currency, number=3),
    ]


def journal(*lines: JournalLine) -> Journal:
    return Journal(DAY.replace(day=1), lines)


def test_quickbooks_gets_its_columns_and_the_organizations_account_names() -> None:
    rows = file_rows(journal(*entry(DAY, 13_700)), QUICKBOOKS, NUMBERED)
    assert rows == [
        {
            "Journal No.": "20261130-CAD",
            "Journal Date": "11/30/2026",
            "Account Name": "Clearing",
            "Description": "Gifts, 3",
            "Debits": Decimal("137.00"),
            "Credits": "",
        },
        {
            "Journal No.": "20261130-CAD",
            "Journal Date": "11/30/2026",
            "Account Name": "Contributions",
            "Description": "Gifts, 3, Water",
            "Debits": "",
            "Credits": Decimal("137.00"),
        },
    ]
    assert [str(row["Debits"]) for row in rows] == ["137.00", ""]


def test_xero_gets_codes_signed_amounts_and_the_rate_of_no_tax() -> None:
    rows = file_rows(journal(*entry(DAY, 13_700)), XERO, NUMBERED)
    assert rows[0] == {
        "*Narration": "Donations, 2026-11-30, CAD",
        "*Date": "30 Nov 2026",
        "Description": "Gifts, 3",
        "*AccountCode": "1010",
        "*TaxRate": "Tax Exempt",
        "*Amount": Decimal("137.00"),
        "TrackingName1": "",
        "TrackingOption1": "",
        "TrackingName2": "",
        "TrackingOption2": "",
    }
    assert (rows[1]["*AccountCode"], rows[1]["*Amount"]) == ("4000", Decimal("-137.00"))
    other = replace(NUMBERED, xero_tax_rate="No VAT")
    assert file_rows(journal(*entry(DAY, 1)), XERO, other)[0]["*TaxRate"] == "No VAT"


@pytest.mark.parametrize(
    ("currency", "shown"), [("jpy", "13700"), ("kwd", "13.700"), ("usd", "137.00")]
)
def test_amounts_have_the_decimals_of_their_currency(currency: str, shown: str) -> None:
    rows = file_rows(journal(*entry(DAY, 13_700, currency)), QUICKBOOKS, BooksSettings())
    assert str(rows[0]["Debits"]) == shown


def test_xero_needs_the_code_of_each_account_that_is_used() -> None:
    lines = (*entry(DAY, 100), JournalLine(DAY, BANK, "", "Payout", 5, 0, "cad", "po_1"))
    partly = BooksSettings(parse_chart("stripe = 1010"))
    with pytest.raises(ExportRefused, match=r"for: bank, contributions \(as in bank = 1010 Bank\)"):
        file_rows(journal(*lines), XERO, partly)
    assert len(file_rows(journal(*lines), QUICKBOOKS, partly)) == 3
    assert file_rows(journal(*lines), XERO, NUMBERED)[2]["Description"] == "Payout, po_1"


def test_a_long_month_is_several_files_for_xero_each_of_whole_entries() -> None:
    days = [DAY - timedelta(days=number) for number in range(20)]
    long = journal(*(line for day in reversed(days) for _ in range(11) for line in entry(day, 7)))
    assert (count_parts(long, QUICKBOOKS), count_parts(long, XERO)) == (1, 2)
    files = [file_rows(long, XERO, NUMBERED, part) for part in (1, 2)]
    assert [len(rows) for rows in files] == [286, 154]
    assert all(len(rows) <= XERO_LINES for rows in files)
    for rows in files:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for row in rows:
            sums[row["*Narration"]] += row["*Amount"]
        assert set(sums.values()) == {Decimal(0)}
    for part in (0, 3):
        with pytest.raises(ExportRefused, match=f"There is no part {part}: .* 2026 has 2"):
            file_rows(long, XERO, NUMBERED, part)
