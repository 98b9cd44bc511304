"""The books: months with a journal, its lines in the organization's time zone, and its download."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from campaign.core.clock import now
from campaign.models import AuditEntry, Campaign, StaffRole
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift, add_campaign
from tests.support.staff import StaffClient, StaffMaker


@pytest.fixture
def finance(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.finance)


@pytest.fixture
def december(installation: Installation) -> Campaign:
    """Book $25 half an hour before the end of December 2025 in Los Angeles, and $40 half an hour after it."""
    campaign = add_campaign(installation, start="2025-12-01", deadline="2099-12-31")
    midnight = datetime(2026, 1, 1, 8, tzinfo=UTC)
    with installation.sessions.begin() as session:
        for amount, after in ((2_500, -timedelta(minutes=30)), (4_000, timedelta(minutes=30))):
            add_booked_gift(session, campaign, amount, now() - (midnight + after))
    return campaign


@pytest.mark.usefixtures("december")
def test_a_month_has_the_entries_of_its_days_in_the_organizations_time_zone(
    finance: StaffClient,
) -> None:
    index = finance.get("/staff/books").text
    assert index.index("/staff/books/2026-01") < index.index("/staff/books/2025-12")
    page = finance.get("/staff/books/2025-12").text
    assert "Journal of December 2025" in page
    assert ("$25" in page, "$40" in page) == (True, False)
    assert "$40" in finance.get("/staff/books/2026-01").text


@pytest.mark.usefixtures("december")
def test_the_file_balances_in_minor_units_and_the_download_is_recorded(
    finance: StaffClient, installation: Installation
) -> None:
    answer = finance.get("/staff/books/2025-12/journal.csv")
    assert 'filename="journal-2025-12.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert sum(int(row["debit"]) for row in rows) == sum(int(row["credit"]) for row in rows) > 0
    assert {row["day"] for row in rows} == {"2025-12-31"}
    lines = finance.get("/staff/books/2025-12/journal.jsonl").text.splitlines()
    assert [json.loads(line)["account"] for line in lines] == [row["account"] for row in rows]
    with installation.sessions() as session:
        made = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "export.created")
        ).all()
    assert [(one.subject_key, one.after) for one in made] == [
        ("journal-2025-12", {"format": "csv"}),
        ("journal-2025-12", {"format": "jsonl"}),
    ]


def test_an_invalid_month_is_not_found(finance: StaffClient) -> None:
    year = now().year
    for month in ("1999-12", "2026-00", "2026-13", f"{year + 2}-01", "2026-1", "0-01"):
        assert finance.get(f"/staff/books/{month}").status_code == 404, month
        assert finance.get(f"/staff/books/{month}/journal.csv").status_code == 404, month
    for month in ("2000-01", f"{year + 1}-12"):
        assert finance.get(f"/staff/books/{month}").status_code == 200, month
    assert finance.get("/staff/books/2026-01/journal.xlsx").status_code == 404


@pytest.mark.usefixtures("december")
def test_a_month_is_downloaded_for_an_accounting_program(
    finance: StaffClient, installation: Installation
) -> None:
    page = finance.get("/staff/books/2025-12").text
    assert "Stripe balance at the end of the month: $" in page
    assert "/staff/books/2025-12/usd-quickbooks.csv" in page
    answer = finance.get("/staff/books/2025-12/usd-quickbooks.csv")
    assert 'filename="journal-2025-12-usd-quickbooks.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["Journal Date"] for row in rows} == {"12/31/2025"}
    assert [row["Credits"] for row in rows if row["Account Name"] == "Contributions"] == ["25.00"]
    refused = finance.get("/staff/books/2025-12/usd-xero.csv")
    assert refused.status_code == 422
    assert "Xero needs the code of each account. Set it in CHART_OF_ACCOUNTS for:" in refused.text
    with installation.sessions() as session:
        (made,) = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "export.created")
        ).all()
    assert made.after == {"format": "quickbooks", "currency": "usd", "part": 1}
    assert finance.get("/staff/books/2025-12/usd-quickbooks.csv?part=2").status_code == 422
