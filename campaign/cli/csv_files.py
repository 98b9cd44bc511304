"""Lists as files: what a command reads, and the CSV that it writes, safe to open in a spreadsheet."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from campaign.core.csv_cells import safe_cell
from campaign.core.errors import ListInvalid

LARGEST = 200_000_000


def read_file(file: Path) -> bytes:
    """The bytes of `file`, or of stdin for `-`; raises ListInvalid."""
    try:
        with click.open_file(str(file), "rb") as stream:
            raw: bytes = stream.read(LARGEST + 1)
    except OSError as error:
        raise ListInvalid(f"The list {file} cannot be read: {error.strerror}.") from error
    if len(raw) > LARGEST:
        raise ListInvalid(f"The list {file} is larger than {LARGEST:,} bytes; split it.")
    return raw


def write_rows(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """A header and each row, as they come."""
    writer = csv.DictWriter(_Lines(), columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: safe_cell(value) for name, value in row.items()})


class _Lines:
    """Takes rows of the csv module and ends each with a line feed alone.

    The module quotes a carriage return only where its own rows end with one. Unquoted it would end the row for whoever
    reads the file, and what stands after it would be a cell of its own, maybe a formula.
    """

    def write(self, row: str) -> int:
        return sys.stdout.write(row.removesuffix("\r\n") + "\n")
