"""The unsubscribe page in a browser: each state, at both widths and in both color schemes."""

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from tests.campaign.web.giving.test_unsubscribe import SentEmail, sent_email
from tests.support.accessibility import no_findings

pytestmark = pytest.mark.browser
__all__ = ["sent_email"]


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The application over real HTTP."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_unsubscribing_and_subscribing_again_without_javascript(
    open_page: Callable[..., Page], address: str, sent_email: SentEmail, width: int, scheme: str
) -> None:
    viewport = {"width": width, "height": 800}
    page = open_page(
        f"{address}/unsubscribe/{sent_email()}", viewport=viewport, color_scheme=scheme
    )
    no_findings(page)
    page.get_by_role("button", name="Unsubscribe only from emails about").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("No more emails about this campaign")
    no_findings(page)
    page.get_by_role("button", name="Unsubscribe from all campaign emails").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are unsubscribed")
    no_findings(page)
    page.keyboard.press("Tab")  # past the link that skips to the content
    page.get_by_role("button", name="That was a mistake").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are subscribed again")
    no_findings(page)
