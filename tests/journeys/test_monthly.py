"""A donor changes, pauses and cancels a monthly gift and updates the card, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Running
from tests.journeys.test_giving import emails_to, fill_appeal, give, pay
from tests.journeys.test_pages import WIDTHS
from tests.support.accessibility import no_findings
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


def give_monthly(page: Page, email: str) -> None:
    fill_appeal(page, email)
    page.get_by_label("Monthly").check(force=True)
    give(page)
    pay(page)
    page.wait_for_url("**/donations/**")
    page.get_by_role("link", name="change, pause or cancel it").click()
    page.wait_for_url("**/subscriptions/**")


@pytest.fixture(scope="module")
def monthly_address(running: Running, browser: Browser) -> str:
    """The page of a monthly gift."""
    page = browser.new_page()
    page.goto(running.appeal)
    give_monthly(page, "jo@example.org")
    address = page.url
    page.close()
    return address


def test_a_monthly_gift_is_changed_paused_and_canceled(running: Running, open_page: Open) -> None:
    page = open_page(running.appeal, java_script_enabled=False)
    give_monthly(page, "kim@example.org")
    expect(page.get_by_role("heading", level=1)).to_have_text("$25 a month")
    page.get_by_label("Amount every month").fill("lots")
    page.get_by_role("button", name="Save amount").click()
    expect(page.get_by_role("alert")).to_contain_text("lots")
    page.get_by_label("Amount every month").fill("40")
    page.get_by_role("button", name="Save amount").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("$40 a month")
    page.get_by_label("3 months").check(force=True)
    page.get_by_role("button", name="Pause this gift").click()
    expect(page.get_by_role("status")).to_contain_text("is paused")
    page.get_by_role("button", name="Resume now").click()
    expect(page.get_by_role("status")).to_contain_text("active again")
    page.get_by_role("button", name="Update your card").click()
    page.wait_for_url("**/p/session/**")
    page.get_by_role("button", name="Fill 5555555555554444").click()
    page.locator("#save").click()
    page.wait_for_url("**/subscriptions/**")
    expect(page.get_by_role("status")).to_contain_text("Your card is updated")
    page.get_by_role("link", name="cancel this gift").click()
    page.get_by_role("button", name="Cancel this gift").click()
    expect(page.get_by_role("status")).to_contain_text("is canceled")
    wait_until(lambda: any("ended" in m["subject"] for m in emails_to(running, "kim@example.org")))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_of_a_monthly_gift_has_no_findings(
    open_page: Open, monthly_address: str, width: str, scheme: str
) -> None:
    page = open_page(monthly_address, viewport=WIDTHS[width], color_scheme=scheme)
    no_findings(page)
    page.goto(f"{monthly_address}/end")
    no_findings(page)
    page.goto(monthly_address)
    page.get_by_label("Amount every month").fill("lots")
    page.get_by_role("button", name="Save amount").click()
    expect(page.get_by_role("alert")).to_contain_text("lots")
    no_findings(page)
