"""Files of other systems' gifts, and importing them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.core.csv_lists import RejectedLine
from campaign.moving.gift_rows import PastGiftRow
from campaign.moving.gifts import GiftsImport
from campaign.moving.importing import (
    ImportListener,
    ImportReport,
    ImportRequest,
    plan_import,
    run_import,
)
from campaign.moving.past_gifts import GiftPlan, StoredGifts, store_past_gifts
from campaign.runtime.context import Installation
from tests.support.reconciliation import Bank

HEADER = "id,date,total,refunded,currency,email,name,address,charge,payment_intent,state\n"
GIVEN = datetime(2025, 3, 1, 20, tzinfo=UTC)
"""When the gift of `past_row` was given."""
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


def gift(
    intent: dict[str, Any], *, system: str = "old-crm", known: str = "pi", **cells: str
) -> str:
    """Return a row about a payment of the sandbox, by its payment intent, its charge, or neither."""
    row = {
        "id": f"{system}-1",
        "date": f"{now():%Y-%m-%d %H:%M}",
        "total": f"{intent['amount'] / 100:.2f}",
        "refunded": "",
        "currency": "usd",
        "email": "ana@reader.test",
        "name": "Ana Reyes",
        "address": "1 Elm St",
        "charge": intent["latest_charge"] if known == "ch" else "",
        "payment_intent": intent["id"] if known == "pi" else "",
        "state": "",
        **cells,
    }
    return ",".join(row.values()) + "\n"


def brought(bank: Bank, tmp_path: Path, *rows: str, **options: Any) -> Imported:
    path = tmp_path / "gifts.csv"
    path.write_text(HEADER + "".join(rows))
    return bring_over(
        bank.installation, path, **{"preset": "plain", "system": "old-crm", **options}
    )


def past_row(external_id: str = "1", **changes: Any) -> PastGiftRow:
    """Return a row about a gift of $25 by Ana Reyes, on GIVEN."""
    wanted: dict[str, Any] = {
        "line": 2,
        "given_at": GIVEN,
        "amount": 2500,
        "cover": 0,
        "fee": 0,
        "currency": "usd",
        "email": "ana@reader.test",
        "name": "Ana Reyes",
    }
    return PastGiftRow(external_id=external_id, **{**wanted, **changes})


def store_rows(
    installation: Installation, *rows: PastGiftRow, system: str = "old-crm"
) -> StoredGifts:
    """Store these rows of `system` and commit."""
    plan = GiftPlan(system, "America/Los_Angeles")
    with installation.sessions.begin() as session:
        return store_past_gifts(session, rows, plan, installation.books)
