"""Check a page with axe, and check that it is not wider than its window."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def findings(page: Page) -> list[str]:
    """Return a text for each fault."""
    found = Axe().run(page)
    return ([found.generate_report()] if found.violations_count else []) + overflow(page)


def overflow(page: Page) -> list[str]:
    """Return a text if the page is wider than the window."""
    wide = page.evaluate(_WIDER)
    return [f"the page is {wide} px wider than the window"] if wide > 0 else []


def no_findings(page: Page) -> None:
    found = findings(page)
    assert found == [], "\n".join([page.url, *found])
