"""Example files of other systems, and an import of them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from campaign.audit.audit_log import Actor
from campaign.core.csv_lists import RejectedLine
from campaign.moving.importing import (
    ImportListener,
    ImportReport,
    ImportRequest,
    plan_import,
    run_import,
)
from campaign.moving.kinds import KINDS
from campaign.runtime.context import Installation

FILES = Path(__file__).parents[1] / "campaign" / "moving" / "files"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ZONE = ZoneInfo("America/Los_Angeles")


@dataclass
class Imported:
    """What an import reported."""

    report: ImportReport
    refused: list[RejectedLine] = field(default_factory=list)
    notes: list[RejectedLine] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        return {word: count for word, count in self.report.counts.items() if count}

    @property
    def reasons(self) -> list[str]:
        return [f"{one.line}: {one.reason}" for one in self.refused]


def import_example(
    installation: Installation, kind: str, path: Path, *, dry_run: bool = False, **options: Any
) -> Imported:
    """Import `path` as the command does, on NOW in ZONE."""
    importer = KINDS[kind](installation)
    request = ImportRequest(path, **options)
    refused: list[RejectedLine] = []
    notes: list[RejectedLine] = []
    report = run_import(
        importer,
        plan_import(importer, request, ZONE, NOW),
        installation.sessions,
        Actor.command_line(),
        ImportListener(refused.append, notes.append),
        dry_run=dry_run,
    )
    return Imported(report, refused, notes)
