"""The hosted page in a real browser."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from stripe import StripeClient

from sandbox.stripe import StripeSandbox

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    yield context.new_page()
    context.close()


def fill(page: Page, number: str) -> None:
    page.fill("#card-number", number)
    page.fill("#card-expiry", "12/34")
    page.fill("#card-cvc", "123")
    page.fill("#card-name", "Dana Donor")


def test_a_declined_card_then_one_with_3d_secure(
    page: Page, sandbox: StripeSandbox, client: StripeClient, give: Callable[..., Any]
) -> None:
    session = give(success_url=f"{sandbox.url}/_sandbox/?session={{CHECKOUT_SESSION_ID}}")
    page.goto(session.url)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    fill(page, "4000 0000 0000 0002")
    page.click("#pay")
    assert "declined" in page.inner_text("#card-number-error")
    fill(page, "4000 0027 6000 3184")
    page.press("#card-name", "Enter")
    page.click("#challenge-complete")
    page.wait_for_url(f"**/_sandbox/?session={session.id}")
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_the_bank_fields_appear_when_bank_debit_is_selected(
    page: Page, give: Callable[..., Any]
) -> None:
    page.goto(give().url)
    assert page.is_visible("#card-number")
    page.check("#method-bank")
    assert page.is_visible("#bank-account")
    assert not page.is_visible("#card-number")
    page.click("button[aria-label='Fill 000123456789']")
    assert page.input_value("#bank-account") == "000123456789"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_contrasts_with_the_background(
    page: Page, give: Callable[..., Any], scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(give().url)
    colors = page.evaluate(
        "() => { const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]; }"
    )
    ink, paper = (sum(map(int, color[4:-1].split(","))) for color in colors)
    assert (ink < paper) == (scheme == "light")
