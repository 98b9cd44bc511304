"""Rows as CSV on stdout, safe to open in a spreadsheet. For the commands that write lists."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from campaign.core.csv_cells import safe_cell


def write_rows(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """A header and each row, as they come."""
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: safe_cell(value) for name, value in row.items()})
