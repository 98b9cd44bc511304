"""Exports: streamed, safe against formulas, audited; numbers stay numbers."""

import csv
import io
import json
from typing import Any

from sqlalchemy import select

from campaign.ledger.exports import column_names
from campaign.models import AuditEntry, StaffRole
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.staff import StaffMaker
from tests.support.stripe import Facts


def test_the_ledger_export_adds_up_to_the_total_raised(
    staff: StaffMaker, paid: Facts, store: Any, installation: Installation
) -> None:
    store(paid.refunded("re_1", 500))
    apply_due_events(installation)
    client = staff(StaffRole.finance)
    response = client.get("/staff/exports/ledger.csv?campaign=nine-days")
    rows = list(csv.DictReader(io.StringIO(response.get_data(as_text=True))))
    assert list(rows[0]) == column_names("ledger")
    assert [int(row["amount"]) for row in rows] == [2500, -500]
    assert response.headers["Content-Disposition"].startswith(
        'attachment; filename="ledger-nine-days-'
    )
    assert (
        sum(
            json.loads(line)["amount"]
            for line in client.get("/staff/exports/ledger.jsonl").text.splitlines()
        )
        == 2000
    )


def test_a_name_is_not_exported_as_a_formula(
    staff: StaffMaker, give: Any, store: Any, installation: Installation
) -> None:
    store(give("ana@example.org", name='=HYPERLINK("http://x")').completed())
    apply_due_events(installation)
    rows = csv.DictReader(
        io.StringIO(staff(StaffRole.finance).get("/staff/exports/donations.csv").text)
    )
    assert [row["name"] for row in rows] == ['\'=HYPERLINK("http://x")']


def test_each_download_is_recorded(
    staff: StaffMaker, paid: Facts, installation: Installation
) -> None:
    client = staff(StaffRole.finance)
    for what in ("donations", "donors", "ledger", "receipts"):
        assert client.get(f"/staff/exports/{what}.csv").text.count("\n") == 2
    with installation.sessions() as session:
        made = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "export.created")
        ).all()
    assert [entry.subject_key for entry in made] == ["donations", "donors", "ledger", "receipts"]


def test_invalid_input_is_reported(staff: StaffMaker, paid: Facts) -> None:
    client = staff(StaffRole.finance)
    response = client.get("/staff/exports/ledger.csv?since=soon")
    assert response.status_code == 422
    assert "&#39;soon&#39; is not a date" in response.text
    assert client.get("/staff/exports/ledger.csv?campaign=none").status_code == 404
