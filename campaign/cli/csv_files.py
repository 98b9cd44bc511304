"""Read the files that commands import, and write CSV that is safe to open in a spreadsheet."""

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
    """Return the bytes of `file`, or of stdin for `-`; raises ListInvalid."""
    try:
        with click.open_file(str(file), "rb") as stream:
            raw: bytes = stream.read(LARGEST + 1)
    except OSError as error:
        raise ListInvalid(f"Cannot read the file {file}: {error.strerror}.") from error
    if len(raw) > LARGEST:
        raise ListInvalid(f"The file {file} is larger than {LARGEST:,} bytes. Split it.")
    return raw


def write_rows(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a header to stdout, then each row as it is produced."""
    writer = csv.DictWriter(_Lines(), columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: safe_cell(value) for name, value in row.items()})


class _Lines:
    """Writes rows of the csv module to stdout, each ended by a line feed alone.

    The module quotes a carriage return only if its own row ending contains one. An unquoted carriage return would end
    the row for a program that reads the file, and the text after it would become a cell, possibly a formula.
    """

    def write(self, row: str) -> int:
        return sys.stdout.write(row.removesuffix("\r\n") + "\n")
