"""The reminder and the consent checkbox on the appeal page, with and without JavaScript."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from campaign.models import Campaign
from tests.campaign.web.giving.test_unsubscribe_in_browser import address
from tests.support.accessibility import no_findings

pytestmark = pytest.mark.browser
__all__ = ["address"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_asking_to_be_reminded(
    open_page: Callable[..., Page], address: str, campaign: Campaign, width: int, scheme: str
) -> None:
    viewport = {"width": width, "height": 800}
    page = open_page(f"{address}/c/nine-days", viewport=viewport, color_scheme=scheme)
    expect(page.get_by_role("checkbox", name="Email me about campaigns")).not_to_be_checked()
    no_findings(page)
    page.get_by_role("link", name="Remind me later").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Remind me later")
    no_findings(page)
    page.get_by_role("button", name="Remind me").click()
    expect(page.get_by_role("alert")).to_be_visible()
    no_findings(page)
    page.get_by_label("Email for the reminder").fill("ana@example.org")
    page.locator("label", has_text="In three days").click()
    page.get_by_role("button", name="Remind me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We will remind you")
    no_findings(page)
