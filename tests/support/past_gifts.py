"""Files of other systems' gifts, and importing them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.core.csv_lists import RejectedLine
from campaign.moving.gifts import GiftsImport
from campaign.moving.importing import (
    ImportListener,
    ImportReport,
    ImportRequest,
    plan_import,
    run_import,
)
from campaign.runtime.context import Installation

EXPORTS = Path(__file__).parents[1] / "campaign" / "moving" / "exports"
"""An example of each system's file, with its documented columns. All people are made up."""


@dataclass(frozen=True)
class Imported:
    """The result: the report, the kind with its sums, and a line for each refused row."""

    report: ImportReport
    gifts: GiftsImport
    refused: list[str]


def bring_over(
    installation: Installation, file: str | Path, *, dry_run: bool = False, **options: Any
) -> Imported:
    """Import a file, an example by its name."""
    path = EXPORTS / f"{file}.csv" if isinstance(file, str) else file
    refused: list[str] = []

    def heard(row: RejectedLine) -> None:
        refused.append(f"line {row.line}: {row.reason}")

    kind = GiftsImport(installation)
    request = ImportRequest(path, **{"currency": "usd", **options})
    plan = plan_import(kind, request, ZoneInfo("America/Los_Angeles"), now())
    report = run_import(
        kind,
        plan,
        installation.sessions,
        Actor.command_line(),
        ImportListener(heard, lambda _: None),
        dry_run=dry_run,
    )
    return Imported(report, kind, refused)
