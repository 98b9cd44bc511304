"""The month's journal as the files that QuickBooks Online and Xero import.

Both take one currency, so each file is the journal of one bank currency (`read_bank_journal`). Each day is one entry,
and balances. Amounts are in major units, with the currency's decimals.

- QuickBooks Online, "Import journal entries": columns Journal No., Journal Date, Account Name, Description, Debits,
  Credits; lines with one number are one entry.
  https://quickbooks.intuit.com/learn-support/en-us/help-article/import-export-files/import-journal-entries-quickbooks-online/L4tQBwbs7_US_en_US
- Xero, "Enter multiple manual journals using an import template": lines with one narration and date are one journal; a
  debit is positive, a credit negative; account codes, the tax rate's name and dd mmm yyyy are required; at most 300
  lines a file. https://help.xero.com/nz/ManualJournalsImport
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from campaign.core import money
from campaign.core.chart_of_accounts import ACCOUNTS
from campaign.core.errors import ExportRefused
from campaign.core.settings import BooksSettings
from campaign.reporting.journal import Journal
from campaign.reporting.journal_lines import JournalLine

QUICKBOOKS, XERO = "quickbooks", "xero"
PROGRAMS: Mapping[str, str] = {QUICKBOOKS: "QuickBooks Online", XERO: "Xero"}

XERO_LINES = 300
"""Xero's limit for one file."""

_QUICKBOOKS_COLUMNS = (
    "Journal No.",
    "Journal Date",
    "Account Name",
    "Description",
    "Debits",
    "Credits",
)
_XERO_COLUMNS = (
    "*Narration",
    "*Date",
    "Description",
    "*AccountCode",
    "*TaxRate",
    "*Amount",
    "TrackingName1",
    "TrackingOption1",
    "TrackingName2",
    "TrackingOption2",
)
COLUMNS: Mapping[str, Sequence[str]] = {QUICKBOOKS: _QUICKBOOKS_COLUMNS, XERO: _XERO_COLUMNS}


def file_rows(
    journal: Journal, program: str, books: BooksSettings, part: int = 1
) -> list[dict[str, Any]]:
    """Return a file's rows for `program`; the keys are its COLUMNS. `part` is 1 unless the month needs several files.

    `journal` is in one currency. Raises ExportRefused if there is no such part, or if Xero lacks an account's code.
    """
    files = _parts(journal, program)
    if not 1 <= part <= len(files):
        raise ExportRefused(
            f"There is no part {part}: the journal of {journal.first:%B %Y} has {len(files)}."
        )
    lines = files[part - 1]
    if program == QUICKBOOKS:
        return list(_quickbooks(lines, books))
    _require_codes(lines, books)
    return list(_xero(lines, books))


def count_parts(journal: Journal, program: str) -> int:
    """Return how many files the month needs: one, but Xero takes only 300 lines in each."""
    return len(_parts(journal, program))


def _parts(journal: Journal, program: str) -> list[list[JournalLine]]:
    """Split the lines into files; an entry, which is a day, stays whole unless it alone is too long."""
    if program != XERO:
        return [list(journal.lines)]
    days: dict[object, list[JournalLine]] = defaultdict(list)
    for line in journal.lines:
        days[line.day].append(line)
    files: list[list[JournalLine]] = [[]]
    for lines in days.values():
        if files[-1] and len(files[-1]) + len(lines) > XERO_LINES:
            files.append([])
        files[-1] += lines
    return files


def _quickbooks(lines: Sequence[JournalLine], books: BooksSettings) -> Iterator[dict[str, Any]]:
    for line in lines:
        cells = (
            f"{line.day:%Y%m%d}-{line.currency.upper()}",
            f"{line.day:%m/%d/%Y}",
            books.chart.account(line.account).name,
            _description(line),
            _major(line.debit, line.currency) if line.debit else "",
            _major(line.credit, line.currency) if line.credit else "",
        )
        yield dict(zip(_QUICKBOOKS_COLUMNS, cells, strict=True))


def _xero(lines: Sequence[JournalLine], books: BooksSettings) -> Iterator[dict[str, Any]]:
    for line in lines:
        cells = (
            f"Donations, {line.day:%Y-%m-%d}, {line.currency.upper()}",
            f"{line.day:%d %b %Y}",
            _description(line),
            books.chart.account(line.account).number,
            books.xero_tax_rate,
            _major(line.debit - line.credit, line.currency),
            *("",) * 4,
        )
        yield dict(zip(_XERO_COLUMNS, cells, strict=True))


def _require_codes(lines: Sequence[JournalLine], books: BooksSettings) -> None:
    used = {line.account for line in lines}
    missing = [key for key in books.chart.unnumbered if ACCOUNTS[key] in used]
    if missing:
        raise ExportRefused(
            "Xero needs the code of each account. Set it in CHART_OF_ACCOUNTS for: "
            + ", ".join(missing)
            + f" (as in {missing[0]} = 1010 {ACCOUNTS[missing[0]]})."
        )


def _description(line: JournalLine) -> str:
    """Return what the line is about: `Gifts, 3, General`, `Payout, po_…`."""
    number = str(line.number) if line.number > 1 else ""
    return ", ".join(filter(None, (line.description, number, line.designation, line.reference)))


def _major(minor: int, currency: str) -> Decimal:
    return money.to_decimal(minor, currency)
