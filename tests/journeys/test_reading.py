"""What screen readers announce (the accessibility tree as text), and giving with the keyboard only.

Run with UPDATE_READINGS=1 to write new transcripts; then read the changes aloud.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.campaign.web.giving.test_unsubscribe_in_browser import address
from tests.journeys.conftest import Running
from tests.support.accessibility import no_findings

pytestmark = pytest.mark.browser
__all__ = ["address"]
Open = Callable[..., Page]

FOLDER = Path(__file__).parent / "readings"
UPDATE = os.environ.get("UPDATE_READINGS") == "1"
MOVING = [
    (re.compile(r"\d[\d,]* days left"), "9 days left"),
    (re.compile(r"\d{1,2}:\d\d [ap]\.m\. P[DS]T"), "2:05 p.m. PST"),
    (re.compile(r"(Tomorrow|In three days|On the last day), \w+ \d+"), r"\1"),
    (re.compile(r"127\.0\.0\.1:\d+"), "give.example.org"),
    (re.compile(r"(/static/\S+)\?v=\w+"), r"\1"),
]
"""What differs on another day or in another run."""


def compare(page: Page, name: str) -> None:
    """Compare what a screen reader announces with the stored transcript."""
    heard = page.locator("body").aria_snapshot() + "\n"
    for pattern, steady in MOVING:
        heard = pattern.sub(steady, heard)
    path = FOLDER / f"{name}.txt"
    if UPDATE:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(heard, encoding="utf-8")
    assert heard == path.read_text(encoding="utf-8")


@pytest.fixture
def walled(installation: Installation, campaign: Campaign) -> Campaign:
    with installation.sessions.begin() as session:
        session.execute(update(Campaign).values(wall_shown=True))
    return campaign


def test_what_a_screen_reader_announces_up_to_the_review(
    open_page: Open, address: str, walled: Campaign
) -> None:
    page = open_page(f"{address}/c/nine-days")
    compare(page, "appeal")
    page.get_by_role("radio", name="Other").check(force=True)
    page.get_by_label("Another amount").fill("a lot")
    page.locator("#email").fill("ana@example")
    page.locator("details.extras > summary").click()
    page.locator("details.card > summary").click()
    page.get_by_role("radio", name="By email").check(force=True)
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_role("alert")).to_be_focused()
    compare(page, "form_with_faults")
    no_findings(page)
    page.get_by_label("Another amount").fill("40")
    page.locator("#email").fill("ana@example.org")
    page.locator("#name").fill("Ana Reyes")
    page.locator("#tribute_kind").select_option("honor")
    page.locator("#tribute_name").fill("Rosa Reyes")
    page.locator("#card_name").fill("Ben Ortiz")
    page.locator("#card_email").fill("ben@example.org")
    page.get_by_role("button", name="Review and give $40").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your gift")
    compare(page, "review")
    no_findings(page)


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until the focused element matches `wanted`."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"{wanted} cannot be reached with Tab")


def test_giving_with_the_keyboard_only(running: Running, open_page: Open) -> None:
    page = open_page(running.appeal)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    tab_to(page, "[name=amount]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("$25", exact=True)).to_be_checked()
    tab_to(page, "[name=frequency]")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Monthly")).to_be_checked()
    tab_to(page, "#email")
    page.keyboard.type("iris@example.org")
    tab_to(page, "#cover_fees")
    page.keyboard.press("Space")
    expect(page.locator("#cover_fees-hint")).to_have_text("On a gift of $25, that adds $1.06.")
    tab_to(page, "button[value=review]")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your gift")
    tab_to(page, "button[value=change]")
    page.keyboard.press("Enter")
    expect(page.locator("#email")).to_have_value("iris@example.org")
    page.locator("#email").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your gift")
    tab_to(page, "form .button")
    expect(page.locator(":focus")).to_have_text("Give $26.06 monthly")
    page.keyboard.press("Enter")
    page.wait_for_url("**/c/pay/**")
