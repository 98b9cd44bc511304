"""The page about privacy on a phone and at a desk, in both languages: axe finds nothing and nothing overflows."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.campaign.web.giving.test_unsubscribe_in_browser import address
from tests.support.accessibility import overflow, violations

pytestmark = pytest.mark.browser
__all__ = ["address"]


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
@pytest.mark.parametrize("language", ["en", "es"])
def test_everybody_can_read_it(
    open_page: Callable[..., Page], address: str, language: str, width: int, scheme: str
) -> None:
    page = open_page(
        f"{address}/privacy?lang={language}",
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
    )
    assert [*violations(page), *overflow(page)] == []
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=str(Path(folder) / f"privacy-{language}-{width}.png"), full_page=True)
