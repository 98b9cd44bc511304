"""The example article: the appeal in all its forms on a normal page and a hostile page of another site."""

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from campaign.models import Campaign
from sandbox import demonstration
from sandbox.article import ArticleServer
from sandbox.article.server import ADDRESSES
from sandbox.installation import EXAMPLE
from tests.campaign.web.giving.test_unsubscribe_in_browser import address

__all__ = ["address"]

SITE = "https://give.example.org"


@pytest.fixture
def article(address: str, campaign: Campaign) -> Iterator[str]:
    with ArticleServer(address, campaign.slug) as server:
        yield server.url.rstrip("/")


def test_every_file_is_served_with_a_policy_that_allows_the_site_alone() -> None:
    with ArticleServer(SITE, EXAMPLE) as server:
        for path in ADDRESSES:
            with urllib.request.urlopen(server.url.rstrip("/") + path, timeout=60) as answer:
                policy = answer.headers["Content-Security-Policy"]
                body = answer.read().decode()
            assert f"script-src 'self' {SITE}; connect-src {SITE}" in policy
            assert "$" not in body.replace("$(", "")
        for path in ("nothing", "../server.py", "server.py"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(server.url + path, timeout=60)


def test_it_shows_the_appeal_of_the_demonstration() -> None:
    assert EXAMPLE == demonstration.SLUG


@pytest.mark.browser
def test_every_form_shows_the_figure_whatever_the_page_does(
    open_page: Callable[..., Page], article: str
) -> None:
    page = open_page(f"{article}/")
    units = page.locator("campaign-appeal")
    expect(units).to_have_count(3)
    assert [unit.get_attribute("form") for unit in units.all()] == ["banner", "bar", "foot"]
    for unit in units.all():
        expect(unit.get_by_role("progressbar")).to_have_attribute(
            "aria-valuetext", "$0 of $50,000 raised, 0%."
        )
    friendly = _looks(page)
    inside = page.frame_locator("iframe").get_by_role("progressbar")
    expect(inside).to_be_visible()
    # The frame is below the window, where browsers do little work, and must be as tall as its content.
    tall = "it => document.documentElement.getBoundingClientRect().height"
    height = page.frame_locator("iframe").get_by_role("button").evaluate(tall)
    expect(page.locator("iframe")).to_have_attribute("height", str(round(height)))
    page.goto(f"{article}/hostile")
    expect(page.get_by_role("progressbar")).to_have_count(3)
    assert page.evaluate("document.compatMode") == "BackCompat"
    assert _looks(page) == friendly
    page.goto(f"{article}/newsletter")
    assert page.locator("img").evaluate("it => it.decode().then(() => it.naturalWidth)") == 1200


def _looks(page: Page) -> list[str]:
    """Color, type and space of everything in the whole unit."""
    foot = page.locator("campaign-appeal[form=foot]")
    expect(foot.get_by_role("heading")).to_be_visible()
    return [
        foot.locator(part).first.evaluate(
            "it => ['color', 'font', 'padding', 'display', 'textTransform', 'letterSpacing',"
            " 'backgroundColor', 'borderTopStyle'].map(name => getComputedStyle(it)[name]).join(' | ')"
        )
        for part in ("section", "h2", "p", "a", "button")
    ]
