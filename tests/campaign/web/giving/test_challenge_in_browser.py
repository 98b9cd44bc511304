"""The wait before a gift in a real browser: with and without JavaScript, by keyboard, at both widths and schemes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from campaign.models import Campaign
from sandbox.stripe import StripeSandbox
from tests.campaign.web.giving.test_unsubscribe_in_browser import address
from tests.conftest import sandbox_address
from tests.support.accessibility import no_findings
from tests.support.demands import Ask, demand

pytestmark = pytest.mark.browser
__all__ = ["address", "demand"]
Open = Callable[..., Page]
HEADING = "One moment before your gift"
STRIPE = "**/c/pay/**"


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def fill_in(page: Page) -> None:
    page.get_by_label("$25", exact=True).check(force=True)
    page.get_by_label("Email", exact=True).fill("ana@example.org")
    page.locator("#name").fill("Ana Reyes")
    page.get_by_role("button", name="Review").click()


def give(page: Page) -> None:
    fill_in(page)
    page.get_by_role("button", name="Give").click()


def sessions(stripe: StripeSandbox) -> int:
    return len(stripe.objects("checkout.session"))


@pytest.mark.parametrize("width", [360, 1280])
def test_without_javascript_people_wait_and_press_continue(
    open_page: Open,
    address: str,
    campaign: Campaign,
    stripe: StripeSandbox,
    demand: Ask,
    width: int,
) -> None:
    demand("proof", seconds=3, difficulty=100)
    page = open_page(
        f"{address}/c/nine-days",
        java_script_enabled=False,
        viewport={"width": width, "height": 800},
    )
    give(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADING)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("status")).to_contain_text("Not yet: please wait")
    assert sessions(stripe) == 0
    page.wait_for_timeout(4_000)
    page.get_by_role("button", name="Continue").press("Enter")
    page.wait_for_url(STRIPE)
    assert sessions(stripe) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_on_the_page_as_it_is_without_its_script(
    open_page: Open, address: str, campaign: Campaign, demand: Ask, width: int, scheme: str
) -> None:
    demand("proof", seconds=60, difficulty=100)
    page = open_page(
        f"{address}/c/nine-days",
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
    )
    # axe itself needs JavaScript.
    page.route(
        "**/challenge.js*", lambda route: route.fulfill(body="", content_type="text/javascript")
    )
    give(page)
    expect(page.get_by_role("status")).to_contain_text("Please wait")
    no_findings(page)
    page.get_by_role("button", name="Continue").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Not yet: please wait")
    no_findings(page)


@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_with_javascript_works_out_the_proof_long_before_the_wait_is_over(
    open_page: Open,
    address: str,
    campaign: Campaign,
    stripe: StripeSandbox,
    demand: Ask,
    width: int,
) -> None:
    demand("proof", seconds=600, difficulty=200)
    page = open_page(f"{address}/c/nine-days", viewport={"width": width, "height": 800})
    give(page)
    page.wait_for_url(STRIPE)
    assert sessions(stripe) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_while_the_browser_is_working_the_page_says_so_and_continue_does_no_harm(
    open_page: Open, address: str, campaign: Campaign, demand: Ask, scheme: str
) -> None:
    demand("proof", seconds=600, difficulty=1_000_000)
    page = open_page(
        f"{address}/c/nine-days", viewport={"width": 360, "height": 800}, color_scheme=scheme
    )
    give(page)
    expect(page.get_by_role("status")).to_contain_text("short calculation")
    no_findings(page)
    page.get_by_role("button", name="Continue").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("short calculation")
    page.get_by_role("button", name="Change your gift").press("Enter")
    expect(page.locator("#name")).to_have_value("Ana Reyes")
    expect(page.get_by_label("$25", exact=True)).to_be_checked()


def test_a_wait_continues_automatically_with_javascript(
    open_page: Open, address: str, campaign: Campaign, stripe: StripeSandbox, demand: Ask
) -> None:
    demand("wait", seconds=2)
    page = open_page(f"{address}/c/nine-days?lang=es")
    page.get_by_label("$25", exact=True).check(force=True)
    page.locator("#email").fill("ana@example.org")
    page.locator("form[data-form] [type=submit]").click()
    page.get_by_role("button", name="Donar").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Un momento antes de su donación")
    page.wait_for_url(STRIPE)
    assert sessions(stripe) == 1


def test_a_refusal_offers_other_ways_and_keeps_what_was_typed(
    open_page: Open, address: str, campaign: Campaign, stripe: StripeSandbox, demand: Ask
) -> None:
    demand("refuse", seconds=900)
    page = open_page(f"{address}/c/nine-days", viewport={"width": 360, "height": 800})
    give(page)
    expect(page.get_by_role("alert")).to_contain_text("cannot take this gift online")
    expect(page.locator("#name")).to_have_value("Ana Reyes")
    expect(page.locator("#by-mail")).to_contain_text("Make a check payable")
    no_findings(page)
    assert sessions(stripe) == 0


def test_nobody_sees_hears_or_reaches_the_trap(
    open_page: Open, address: str, campaign: Campaign
) -> None:
    page = open_page(f"{address}/c/nine-days")
    trap = page.locator("#website")
    expect(trap).to_be_hidden()
    assert "Leave this field empty" not in page.locator("body").aria_snapshot()
    assert trap.get_attribute("tabindex") == "-1"
    assert trap.get_attribute("autocomplete") == "off"
