"""Make cells safe for spreadsheets. For commands and pages that write CSV."""

from datetime import date, datetime
from typing import Any

# Spreadsheets treat text that begins with one of these as a formula
# (https://owasp.org/www-community/attacks/CSV_Injection). The last four are full-width forms.
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe_cell(value: Any) -> Any:
    """Return `value` as a cell that no spreadsheet evaluates: put an apostrophe before text that looks like a formula.

    Dates and times become ISO 8601 with offset. Numbers stay numbers, negative ones too.
    """
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_BEGINS_FORMULA):
        return f"'{value}"
    return value
