"""The appeal with its scripts: past the goal, with hidden figures, and sharing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
from flask import Flask
from playwright.sync_api import Page, expect

from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.campaign.web.giving.test_unsubscribe_in_browser import address
from tests.support.accessibility import no_findings
from tests.support.campaigns import add_booked_gift, add_campaign
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser
__all__ = ["address"]


def test_past_the_goal_and_hidden_the_scripts_match_the_page(
    open_page: Callable[..., Page], address: str, app: Flask, installation: Installation
) -> None:
    campaign = add_campaign(installation, goal="100")
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 10_000, timedelta(days=1))
    page = open_page(f"{address}/c/winter", viewport={"width": 360, "height": 800})
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 2_500, timedelta(days=1))
    expect(page.locator("[data-part=sentence]")).to_contain_text("$125 of $100 raised by 2 donors")
    expect(page.locator("[data-part=goal]")).to_have_attribute("x", "80%")
    expect(page.locator("[data-part=received]")).to_have_attribute("width", "100%")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    page.get_by_role("button", name="Copy the link").click()
    expect(page.get_by_text("Link copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").endswith("/c/winter")
    no_findings(page)
    with installation.sessions.begin() as session:
        session.get_one(Campaign, campaign.id).figures_hidden = True
        add_booked_gift(session, campaign, 2_500, timedelta(days=1))
    hidden = "The amount raised will be shown later."
    wait_until(lambda: hidden in requests.get(f"{address}/c/winter", timeout=60).text)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.reload()
    expect(page.get_by_text(hidden)).to_be_visible()
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 2_500, timedelta(days=1))
    wait_until(lambda: app.extensions["live"].current("winter").progress.raised == 17_500)
    assert "$1" not in page.locator("[data-progress]").inner_text().replace("$100", "")
    assert page.get_by_role("progressbar").count() == 0
    assert faults == []
    no_findings(page)
