"""The activity page: filters, pages and downloads."""

import csv
import io
import json

import pytest

from campaign.audit.audit_log import Actor, Subject, record
from campaign.models import Campaign, StaffRole
from campaign.runtime.context import Installation
from campaign.web.staff.core.downloads import cell
from tests.support.staff import StaffMaker

ANA = Actor("ana@harbor-ledger.example", StaffRole.finance)
LINE = Actor("command line: root", StaffRole.admin)


@pytest.fixture
def entries(installation: Installation, campaign: Campaign) -> None:
    with installation.sessions.begin() as session:
        for number in range(70):
            record(
                session,
                ANA,
                "donor.corrected",
                Subject("donor", str(number)),
                after={"name": "changed"},
            )
        moved = {"deadline": "2026-12-31"}, {"deadline": "2027-01-05", "reason": "snow"}
        subject = Subject("campaign", campaign.slug, campaign.id)
        record(session, LINE, "deadline.extended", subject, before=moved[0], after=moved[1])
        record(
            session, ANA, "donation.refunded", Subject("donation", "don_1"), after={"note": "=1+1"}
        )


@pytest.mark.usefixtures("entries")
def test_entries_are_listed_newest_first_with_their_changes_page_by_page(
    staff: StaffMaker,
) -> None:
    client = staff(StaffRole.finance)
    page = client.get("/staff/audit").get_data(as_text=True)
    rows = page.split("<tbody>")[1]
    places = [
        rows.index(words) for words in ("donation refunded", "deadline extended", "donor corrected")
    ]
    assert places == sorted(places)
    assert "<del>2026-12-31</del> <ins>2027-01-05</ins>" in page
    assert 'href="/staff/donations/don_1"' in page
    older = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(older).get_data(as_text=True)
    assert "deadline extended" not in second.split("<tbody>")[1]
    assert 'rel="prev"' in second
    back = second.split('rel="prev" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "deadline extended" in client.get(back).get_data(as_text=True).split("<tbody>")[1]


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("actor=command line: root", "deadline extended", "donation refunded"),
        ("action=donation.", "donation refunded", "deadline extended"),
        ("action=deadline.extended", "deadline extended", "donation refunded"),
        ("subject=don_1", "donation refunded", "deadline extended"),
        ("subject=donor 7", "donor corrected", "deadline extended"),
        ("campaign=nine-days", "deadline extended", "donation refunded"),
        ("until=2001-01-01", "No entries match", "deadline extended"),
    ],
)
def test_the_query_string_filters(staff: StaffMaker, query: str, shown: str, hidden: str) -> None:
    body = staff(StaffRole.finance).get(f"/staff/audit?{query}").get_data(as_text=True)
    rows = body.split("<main")[1].split("</form>")[1]
    assert shown in rows
    assert hidden not in rows


def test_an_invalid_date_is_reported(staff: StaffMaker) -> None:
    response = staff(StaffRole.finance).get("/staff/audit?since=yesterday")
    assert response.status_code == 422
    assert "&#39;yesterday&#39; is not a date" in response.get_data(as_text=True)


@pytest.mark.usefixtures("entries")
def test_the_download_is_filtered_and_recorded(staff: StaffMaker) -> None:
    client = staff(StaffRole.finance)
    response = client.get("/staff/audit/audit.csv?action=donation.refunded")
    rows = list(csv.DictReader(io.StringIO(response.get_data(as_text=True))))
    assert [row["subject_key"] for row in rows] == ["don_1"]
    assert response.headers["Content-Disposition"].startswith('attachment; filename="audit-')
    lines = (
        client.get("/staff/audit/audit.jsonl?action=export.").get_data(as_text=True).splitlines()
    )
    assert [json.loads(line)["after"] for line in lines] == [
        {"action": "donation.refunded"},
        {"action": "export."},
    ]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM", "'@SUM"),
        ("-5", "'-5"),
        (-5, -5),
        ({"a": "=1"}, '{"a": "=1"}'),
        ("plain", "plain"),
        (None, None),
    ],
)
def test_cells_are_not_formulas_and_numbers_stay_numbers(value: object, written: object) -> None:
    assert cell(value) == written


def test_amounts_are_money_with_their_currency(
    installation: Installation, campaign: Campaign, staff: StaffMaker
) -> None:
    with installation.sessions.begin() as session:
        gift = Subject("donation", "don_1", campaign.id)
        money = {"amount": 2_500, "currency": "cad"}
        record(session, ANA, "donation.refunded", gift, after=money)
        edited = Subject("campaign", campaign.slug, campaign.id)
        record(session, ANA, "campaign.edited", edited, before={"goal": 1}, after={"goal": 70_000})
    client = staff(StaffRole.finance)
    page = client.get("/staff/audit").text
    assert "amount: <ins>CA$25 CAD</ins>" in page
    assert "goal: <del>$0.01 USD</del> <ins>$700 USD</ins>" in page
    lines = client.get("/staff/audit/audit.jsonl").text.splitlines()
    row = next(row for row in map(json.loads, lines) if row["action"] == "donation.refunded")
    assert row["after"] == money
    assert row["details"] == "amount: CA$25 CAD; currency: cad"
