"""Files of other systems' gifts, and importing them."""

from pathlib import Path
from typing import Any

from campaign.audit.audit_log import Actor
from campaign.core.csv_lists import RejectedLine
from campaign.moving.gift_import import GiftImport, GiftReport, import_gifts
from campaign.moving.gift_rows import LeftOutRow
from campaign.runtime.context import Installation

EXPORTS = Path(__file__).parents[1] / "campaign" / "moving" / "exports"
"""An example of each system's file, with its documented columns. All people are made up."""


def bring_over(
    installation: Installation, file: str | Path, refused: list[str], **options: Any
) -> GiftReport:
    """Import a file, an example by its name; `refused` gets a line for each row that is refused."""
    path = EXPORTS / f"{file}.csv" if isinstance(file, str) else file

    def heard(row: RejectedLine | LeftOutRow) -> None:
        if isinstance(row, RejectedLine):
            refused.append(f"line {row.line}: {row.reason}")

    return import_gifts(installation, GiftImport(path, **options), Actor.command_line(), heard)
