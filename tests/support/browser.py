"""A real Chromium. Tests are skipped if it is missing, or fail with REQUIRE_BROWSER=1 or REQUIRE_TOOLS=1."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.programs import program

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]

LIMIT = 60_000
"""Milliseconds; a busy machine is slow."""

expect.set_options(timeout=LIMIT)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = program("chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open an address in a new window. Any error in its console fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(address: str, **options: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(LIMIT)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda said: complaints.append(said.text) if said.type == "error" else None
        )
        page.goto(address)
        return page

    yield open_one
    for context in contexts:
        context.close()
    # A form that is shown again with status 422, or a page with 503, is not a fault.
    assert [said for said in complaints if "status of" not in said] == []
