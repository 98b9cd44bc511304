"""Every page at both widths and in both color schemes: axe finds nothing, nothing overflows, and it is light."""

import gzip
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Running
from tests.journeys.test_giving import fill_appeal, give, pay
from tests.support.accessibility import no_findings, overflow

pytestmark = pytest.mark.browser
Open = Callable[..., Page]

WIDTHS = {"phone": {"width": 360, "height": 740}, "desk": {"width": 1280, "height": 900}}
LARGEST_FIRST_LOAD = 30 * 1024


@pytest.fixture(scope="package")
def paid_addresses(running: Running, browser: Browser) -> dict[str, str]:
    """The addresses of a gift's thank-you page and receipt."""
    page = browser.new_page()
    page.goto(running.appeal)
    fill_appeal(page, "hana@example.org")
    give(page)
    pay(page)
    page.wait_for_url("**/donations/**")
    thanks = page.url
    page.get_by_role("link", name="View your receipt").click()
    page.wait_for_url("**/receipts/**")
    found = {"thanks": thanks, "receipt": page.url}
    page.close()
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", ["/", "/c/nine-days?amount=40", "/c/unknown"])
def test_public_pages_have_no_findings(
    running: Running, open_page: Open, path: str, width: str, scheme: str
) -> None:
    page = open_page(running.appeal + path, viewport=WIDTHS[width], color_scheme=scheme)
    no_findings(page)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["thanks", "receipt"])
def test_a_donors_pages_have_no_findings(
    running: Running, open_page: Open, paid_addresses: dict[str, str], name: str, width: str
) -> None:
    no_findings(open_page(paid_addresses[name], viewport=WIDTHS[width]))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_form_with_faults_has_no_findings(
    running: Running, open_page: Open, width: str
) -> None:
    page = open_page(running.appeal, viewport=WIDTHS[width])
    page.get_by_label("Another amount").fill("abc")
    page.locator("#email").fill("x@y")
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_role("alert")).to_be_visible()
    no_findings(page)


def test_text_at_twice_the_size_fits(running: Running, open_page: Open) -> None:
    page = open_page(running.appeal, viewport=WIDTHS["desk"])
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert overflow(page) == []


def test_the_first_load_is_small_and_makes_no_third_party_requests(
    running: Running, open_page: Open
) -> None:
    asked: list[str] = []
    page = open_page("about:blank")
    page.on("request", lambda request: asked.append(request.url))
    page.goto(running.appeal)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert all(address.startswith(running.appeal) for address in asked)
    files = [address for address in asked if not address.endswith(("stream", "progress.json"))]
    sent = sum(len(gzip.compress(requests.get(address, timeout=60).content)) for address in files)
    assert sent <= LARGEST_FIRST_LOAD


def test_the_stream_falls_back_to_polling(running: Running, browser: Browser) -> None:
    page = browser.new_page()
    page.route("**/progress/stream", lambda route: route.abort())
    with page.expect_request("**/progress.json", timeout=60_000):
        page.goto(running.appeal)
    page.close()
