"""Rows as CSV on stdout, safe to open in a spreadsheet. For the commands that write lists."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_rows(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """A header and each row, as they come."""
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _written(value) for name, value in row.items()})


def _written(value: Any) -> Any:
    """Instants with their offset; a text that a spreadsheet would run as a formula gets an apostrophe before it.

    https://owasp.org/www-community/attacks/CSV_Injection. Figures stay figures, signed ones too.
    """
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
