"""Cells of a table for spreadsheets. For whoever writes CSV: commands and pages."""

from datetime import date, datetime
from typing import Any

# A text that begins so is taken for a formula (https://owasp.org/www-community/attacks/CSV_Injection); the last four
# are their full-width forms.
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet computes: instants with their offset, an apostrophe before what is like a formula.

    Figures stay figures, signed ones too.
    """
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_BEGINS_FORMULA):
        return f"'{value}"
    return value
