"""Check a page with axe, and check that it is not wider than its window."""

import json

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page

_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def findings(page: Page) -> list[str]:
    """Return a text for each fault."""
    return [*violations(page), *overflow(page)]


def violations(page: Page, *tags: str) -> list[str]:
    """Return axe's report if it finds anything, by its rules with these tags, or by all."""
    options = {"resultTypes": ["violations"], **({"runOnly": tags} if tags else {})}
    page.evaluate(AXE_SCRIPT)
    # Only the violations leave the browser: the whole result is large, and takes as long again.
    run = f"axe.run({json.dumps(options)}).then(found => ({{violations: found.violations}}))"
    found = AxeResults(page.evaluate(run))
    return [found.generate_report()] if found.violations_count else []


def overflow(page: Page) -> list[str]:
    """Return a text if the page is wider than the window."""
    wide = page.evaluate(_WIDER)
    return [f"the page is {wide} px wider than the window"] if wide > 0 else []


def no_findings(page: Page) -> None:
    found = findings(page)
    assert found == [], "\n".join([page.url, *found])
