"""The text and tables of a campaign's report."""

import io
from datetime import datetime, timedelta
from typing import Any

from pypdf import PdfReader

from campaign.campaigns.extensions import extend
from campaign.campaigns.matching_gifts import MatchingGiftFields, add_matching_gift
from campaign.core.clock import now
from campaign.models import Campaign, StaffRole
from campaign.reporting.campaign_report import read_report
from campaign.runtime.context import Installation
from campaign.web.staff.campaigns.report_sections import ReportView, Section, present_report
from tests.support.campaigns import ADMIN, add_booked_gift, add_campaign, add_entry
from tests.support.staff import StaffMaker


def fill(installation: Installation, slug: str = "winter") -> Campaign:
    campaign = add_campaign(installation, slug=slug)
    with installation.sessions.begin() as session:
        add_matching_gift(
            session, campaign, MatchingGiftFields("A foundation", "1000"), ADMIN, now()
        )
        add_booked_gift(session, campaign, 10_000, comment="Your work  matters", code="article-7")
        add_booked_gift(
            session, campaign, 2_500, comment="Secret", anonymous=True, frequency="monthly"
        )
        add_booked_gift(session, campaign, 2_500, timedelta(days=3), code="mail-nine-days")
        back = add_booked_gift(session, campaign, 5_000)
        add_entry(session, back, "refund", -5_000)
        later = (campaign.deadline + timedelta(days=1)).isoformat()
        extend(session, campaign, later, "a storm closed our office", "ada", now(), ADMIN)
    return campaign


def test_the_report_has_the_same_content_as_page_and_pdf(
    installation: Installation, staff: StaffMaker
) -> None:
    fill(installation)
    client = staff(StaffRole.viewer)
    page = client.get("/staff/c/winter/report").text
    said = [
        "$150",
        "0.3% of $50,000",
        "$50 on average",
        "3 new, 0 returning",
        "article-7",
        "Your work matters",
        "Refunds",
        "-$50",
        "because a storm closed our office.",
        "These figures are provisional.",
        "Matched by sponsors",
        "9 days left",
    ]
    for words in said:
        assert words in page, words
    assert "Secret" not in page
    paper = client.get("/staff/c/winter/report.pdf")
    assert paper.mimetype == "application/pdf"
    read = PdfReader(io.BytesIO(paper.data))
    text = " ".join(" ".join(sheet.extract_text() for sheet in read.pages).split())
    for words in said:
        assert words.replace("-$", "−$") in text.replace("-$", "−$"), words
    root: Any = read.trailer["/Root"]
    assert "/MarkInfo" in root
    assert "Secret" not in text


def test_a_campaign_without_gifts_has_a_report_too(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    client = staff(StaffRole.viewer)
    assert "$0" in client.get("/staff/c/winter/report").text
    assert client.get("/staff/c/winter/report.pdf").status_code == 200


def report(
    installation: Installation, campaign: Campaign, at: datetime | None = None
) -> ReportView:
    with installation.sessions() as session:
        found = session.get_one(Campaign, campaign.id)
        return present_report(read_report(session, found, at or now()))


def section(view: ReportView, title: str) -> Section:
    (found,) = [one for one in view.sections if one.title == title]
    return found


def test_tables_without_rows_are_left_out_and_each_row_has_its_columns(
    installation: Installation,
) -> None:
    empty = report(installation, add_campaign(installation))
    assert {one.title for one in empty.sections} & {"Sizes", "Sources", "Matching gifts"} == set()
    assert empty.headlines[1] == ("Gifts", "0", "$0 on average")
    for one in report(installation, fill(installation, slug="full")).sections:
        assert {len(row) for row in one.rows} == {len(one.columns)}, one.title


def test_the_ledger_sums_add_up_to_the_total_raised(installation: Installation) -> None:
    view = report(installation, fill(installation))
    books = section(view, "Ledger")
    assert books.rows[-1][:3] == ("Total", "5", "$150")
    assert ("Refunds", "1", "-$50", "$0", "$0") in books.rows
    assert view.headlines[0][:2] == ("Raised", "$150")


def test_shares_and_sizes_are_formatted(installation: Installation) -> None:
    view = report(installation, fill(installation))
    sizes = {row[0]: row[3] for row in section(view, "Sizes").rows}
    assert sizes["$100 to less than $200"] == "66.7%"
    assert sizes["$20 to less than $50"] == "33.3%"
    codes = [row[0] for row in section(view, "Sources").rows]
    assert "No code" in codes
    (promise,) = section(view, "Matching gifts").rows
    assert promise[1:] == ("$150", "$150", "$1,000")


def test_the_status_changes_with_the_deadline_and_the_final_result(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    shown = [
        report(installation, campaign, at).standing
        for at in (
            campaign.deadline - timedelta(seconds=1),
            campaign.deadline,
            campaign.final_from,
        )
    ]
    assert shown[0].startswith("The campaign is open until ")
    assert shown[1].startswith("The campaign ended at ")
    assert shown[2] == "The result is final."
    assert report(installation, campaign, now()).as_of.endswith(("PST", "PDT"))
