"""The report of a campaign in words and tables."""

import io
from datetime import timedelta

from pypdf import PdfReader

from campaign.campaigns.extensions import extend
from campaign.campaigns.matching_gifts import Promise, add_matching_gift
from campaign.core.clock import now
from campaign.models import Campaign, StaffRole
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, book, move, running
from tests.support.staff import StaffMaker


def fill(installation: Installation) -> Campaign:
    campaign = running(installation)
    with installation.sessions.begin() as session:
        add_matching_gift(session, campaign, Promise("A foundation", "1000"), ADMIN, now())
        book(session, campaign, 10_000, comment="Your work  matters", code="article-7")
        book(session, campaign, 2_500, comment="Secret", anonymous=True, frequency="monthly")
        book(session, campaign, 2_500, timedelta(days=3), code="mail-nine-days")
        back = book(session, campaign, 5_000)
        move(session, back, "refund", -5_000)
        later = (campaign.deadline + timedelta(days=1)).isoformat()
        extend(session, campaign, later, "a storm closed our office", "ada", now(), ADMIN)
    return campaign


def test_the_report_says_what_came_of_it_as_page_and_on_paper(
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
        "Nine days",
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
    assert "/MarkInfo" in read.trailer["/Root"]
    assert "Secret" not in text


def test_a_campaign_without_gifts_has_a_report_too(
    installation: Installation, staff: StaffMaker
) -> None:
    running(installation)
    client = staff(StaffRole.viewer)
    assert "$0" in client.get("/staff/c/winter/report").text
    assert client.get("/staff/c/winter/report.pdf").status_code == 200
