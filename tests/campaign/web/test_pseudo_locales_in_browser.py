"""Pages in made-up languages in Chromium: nothing overflows at 360 pixels, and right to left is a mirror."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from campaign.models import Donation, Receipt
from campaign.runtime.context import Installation
from tests.campaign.web.giving.test_unsubscribe import SentEmail, sent_email
from tests.campaign.web.giving.test_unsubscribe_in_browser import address
from tests.campaign.web.portal.test_subscriptions import stripe_api_base
from tests.support.accessibility import no_findings
from tests.support.monthly_gifts import Begin
from tests.support.pseudo_locales import ARABIC, PSEUDO, english_in, made_up, set_locale

__all__ = ["address", "made_up", "sent_email", "stripe_api_base"]
Open = Callable[..., Page]


@pytest.mark.browser
@pytest.mark.parametrize("locale", [PSEUDO, ARABIC])
def test_at_360_pixels_nothing_overflows_and_the_page_is_a_mirror(
    open_page: Open,
    address: str,
    installation: Installation,
    sent_email: SentEmail,
    begin: Begin,
    locale: str,
) -> None:
    gift = begin()
    set_locale(installation, locale)
    with installation.sessions() as session:
        donation, receipt = (
            session.scalars(select(Donation)).one(),
            session.scalars(select(Receipt)).one(),
        )
    here = f"lang={locale}"
    page = open_page(f"{address}/c/nine-days?{here}", viewport={"width": 360, "height": 800})
    _is_a_mirror(page)
    page.locator("form[action*=donate] [type=submit]").last.click()
    page.wait_for_selector("#errors")
    _fits(page)
    if locale == ARABIC:
        no_findings(page)
        page.goto(f"{address}/c/nine-days?lang=es")
        no_findings(page)
    for path in (
        f"/campaigns?{here}",
        f"/me?{here}",
        f"/c/nine-days/donors?{here}",
        f"/c/nine-days/remind?{here}",
        f"/c/nine-days/print?{here}",
        f"/c/nine-days/embed?{here}",
        f"/unsubscribe/{sent_email()}?{here}",
        f"/donations/{donation.token}",
        f"/receipts/{receipt.token}?{here}",
        f"/subscriptions/{gift.token}",
        f"/subscriptions/{gift.token}/cancel",
        f"/c/unknown?{here}",
    ):
        page.goto(address + path)
        _fits(page)
    if locale == ARABIC:
        page.goto(f"{address}/subscriptions/{gift.token}")
        no_findings(page)


def _is_a_mirror(page: Page) -> None:
    """The bar grows from the right, in reading direction, and the scripts match the server's text."""
    edge = "part => document.querySelector(`[data-part=${part}]`).getBoundingClientRect().right"
    bar = page.locator("svg.bar").first.bounding_box()
    assert bar is not None
    assert page.evaluate(edge, "received") == pytest.approx(bar["x"] + bar["width"], abs=2)
    shown = page.locator("[data-part=sentence]").inner_text()
    with page.expect_response("**/progress/stream"):
        page.reload()
    page.wait_for_timeout(300)
    assert page.locator("[data-part=sentence]").inner_text() == shown
    _fits(page)


def _fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.dir") == "rtl"
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360, f"{page.url} is {wide} px wide"
    left = [line for line in page.locator("main").inner_text().splitlines() if english_in(line)]
    assert left == [], page.url
