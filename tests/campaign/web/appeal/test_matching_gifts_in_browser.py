"""The matched part of the bar and the matching gift, updated live, and the text past the goal."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from campaign.campaigns.matching_gifts import MatchingGiftFields, add_matching_gift
from campaign.core.clock import now
from campaign.runtime.context import Installation
from tests.campaign.web.giving.test_unsubscribe_in_browser import address
from tests.support.accessibility import no_findings
from tests.support.campaigns import ADMIN, add_booked_gift, add_campaign, add_entry

pytestmark = pytest.mark.browser
__all__ = ["address"]


def test_the_matched_part_updates_and_the_stretch_goal_follows_the_goal(
    open_page: Callable[..., Page], address: str, installation: Installation
) -> None:
    campaign = add_campaign(installation, goal="100", stretch_goal=40_000)
    with installation.sessions.begin() as session:
        promise = MatchingGiftFields("The Reyes family", "50")
        add_matching_gift(session, campaign, promise, ADMIN, now())
    page = open_page(f"{address}/c/winter", viewport={"width": 360, "height": 800})
    offer = page.locator("[data-part=sponsor]")
    sentence = page.locator("[data-part=sentence]")
    matched = page.locator("[data-part=matched]")
    expect(offer).to_contain_text("The Reyes family adds $1 for each $1 you give; $50 of $50")
    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, campaign, 2_000)
    expect(offer).to_contain_text("$30 of $50 is left.")
    expect(sentence).to_contain_text("$20 more comes from matching gifts.")
    expect(matched).to_have_attribute("width", "20%")
    no_findings(page)
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 18_000)
    expect(offer).to_be_hidden()
    expect(sentence).to_contain_text("Gifts now go toward the stretch goal of $400.")
    expect(page.locator("[data-part=goal]")).to_have_attribute("x", "25%")
    expect(matched).to_have_attribute("width", "12.5%")
    with installation.sessions.begin() as session:
        add_entry(session, gift, "refund", -2_000)
        add_booked_gift(session, campaign, 22_000)
    expect(sentence).to_contain_text("The stretch goal of $400 is met too.")
    no_findings(page)
