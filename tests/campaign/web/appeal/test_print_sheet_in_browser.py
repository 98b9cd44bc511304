"""The print appeal in a browser: one page, and nothing cut off, whatever else stands on it."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from flask import Flask
from playwright.sync_api import Page
from pypdf import PdfReader

from campaign.campaigns.extensions import LONGEST_REASON, extend
from campaign.core.clock import now
from campaign.core.settings import Settings
from campaign.models import Campaign
from campaign.runtime.context import Installation
from sandbox.demonstration import APPEAL
from tests.campaign.web.giving.test_unsubscribe_in_browser import address
from tests.support.campaigns import add_booked_gift, add_campaign

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
__all__ = ["address"]

SIZES = list(product(("letter", "a4"), ("", "&large=1"), ("en", "es")))
REASONS = [
    f"{day}'s mail reached most of the islands late, and many readers who had already mailed a check asked whether "
    "it would still count toward this campaign"
    for day in ("Monday", "Tuesday", "Wednesday")
]
PIXEL = 1.5
"""Rounding."""


def extended(installation: Installation, reasons: list[str], **changes: object) -> Campaign:
    """Create a campaign whose deadline was extended once for each of `reasons`."""
    campaign = add_campaign(installation, **{"appeal": APPEAL, **changes})
    with installation.sessions.begin() as session:
        campaign = session.get_one(Campaign, campaign.id)
        for later, reason in enumerate(reasons, start=11):
            day = (now() + timedelta(days=later)).date().isoformat()
            extend(session, campaign, day, reason, "Ada", now())
    return campaign


@pytest.fixture
def printed(open_page: Open, address: str) -> Callable[..., str]:
    """Print a sheet, check that it is one page with all of its content, and return its text."""
    page = open_page("about:blank", viewport={"width": 816, "height": 1056})
    page.emulate_media(media="print")

    def text(size: str, large: str, language: str) -> str:
        page.goto(f"{address}/c/winter/print?size={size}{large}&lang={language}")
        pages = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
        assert len(pages) == 1, (size, large, language)
        assert page.evaluate(OVERFLOW) <= PIXEL, (size, large, language)
        content: str = page.locator("main").inner_text()
        return content

    return text


OVERFLOW = """() => {
    const bottom = element => element.getBoundingClientRect().bottom;
    const text = document.querySelector(".text");
    const paragraphs = Math.max(0, ...Array.from(text.children, child => bottom(child) - bottom(text)));
    const main = document.querySelector("main");
    const end = bottom(main) - parseFloat(getComputedStyle(main).paddingBottom);
    return Math.max(paragraphs, bottom(document.querySelector("footer")) - end);
}"""
"""By how many pixels the appeal is cut off, or the footer is in the margin."""


@pytest.mark.parametrize("extensions", [0, 1, 3])
def test_a_sheet_is_one_page_after_any_number_of_extensions(
    printed: Callable[..., str], installation: Installation, extensions: int
) -> None:
    reasons = REASONS[:extensions]
    extended(installation, reasons)
    for size, large, language in SIZES:
        text = printed(size, large, language)
        assert "Tonight the harbor commission" in text
        assert "EIN 12-3456789" in text
        assert all(reason in text for reason in reasons[-1:])
        earlier = {"en": "2 earlier changes", "es": "2 cambios anteriores"}[language]
        assert (earlier in text) != all(reason in text for reason in reasons)
        assert earlier in text or not large or extensions < len(REASONS)


def test_all_reasons_are_in_standard_print(
    printed: Callable[..., str], installation: Installation
) -> None:
    extended(installation, REASONS)
    text = printed("letter", "", "en")
    assert all(reason in text for reason in REASONS)


class TestLong:
    """Everything on the sheet is as long as it can reasonably be."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        organization = replace(
            settings.organization,
            name="The Harbor Ledger and Cannery Docks Foundation for Independent Public Interest Journalism",
            address_lines=(
                "Attention: Readers' Gifts and Bequests, Second Floor, Suite 214",
                "The Old Cannery Building, 1100 North Wharf Street at Commission Square",
                "Post Office Box 1100",
                "Upper Astoria Heights, OR 97103-1100",
            ),
            registration="A copy of the latest financial report may be obtained from the Oregon Department of Justice, "
            "Charitable Activities Section, 100 SW Market Street, Portland, OR 97201.",
        )
        return replace(
            settings, organization=organization, site_url="https://give.harbor-ledger.example"
        )

    def test_a_sheet_with_long_texts_is_one_page(
        self, printed: Callable[..., str], installation: Installation, app: Flask
    ) -> None:
        reasons = [
            (reason + " even if it was late" * 20)[:LONGEST_REASON].strip() for reason in REASONS
        ]
        title = "Keep every story about the harbor, the docks and the courts free to read for all who live on the river"
        campaign = extended(installation, reasons, title=title, goal="100", stretch_goal="1000000")
        with installation.sessions.begin() as session:
            add_booked_gift(session, session.get_one(Campaign, campaign.id), 9_999_999)
        for size, large, language in SIZES:
            text = printed(size, large, language)
            assert title in text
            assert reasons[-1] in text
            assert "Box 1100" in text
