"""What axe finds on a page, and whether the page is wider than its window: one way to look for all tests."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def findings(page: Page) -> list[str]:
    """Each fault as a text; none of a page that is in order."""
    found = Axe().run(page)
    return ([found.generate_report()] if found.violations_count else []) + overflow(page)


def overflow(page: Page) -> list[str]:
    """By how much the page does not fit."""
    wide = page.evaluate(_WIDER)
    return [f"the page is {wide} px wider than the window"] if wide > 0 else []


def no_findings(page: Page) -> None:
    assert findings(page) == []
