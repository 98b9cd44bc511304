"""The appeal on another site's hostile page, with style resets, a strict policy and an old doctype."""

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Running
from tests.support.accessibility import no_findings

pytestmark = pytest.mark.browser
Open = Callable[..., Page]

RESETS = (
    "* { all: unset !important; color: red !important; font: italic 7px fantasy !important }"
    " body * { display: inline !important }"
)


class Article(ThreadingHTTPServer):
    """A page on another origin, in quirks mode, whose policy allows our scripts and figures but no styles."""

    daemon_threads = True

    def __init__(self, home: str, *, connects: bool = True) -> None:
        tag = f'<script src="{home}/embed.js" data-campaign="nine-days" data-code="article-7"'
        self.page = (
            f"<html lang=en><title>An article</title><link rel=stylesheet href=/resets.css><h1>An article</h1>"
            f'<main>{tag}></script>{tag} data-form="bar"></script></main></html>'
        )
        allowed = f"; connect-src {home}" if connects else ""
        self.policy = (
            f"default-src 'none'; style-src 'self'; script-src {home}; require-trusted-types-for 'script'"
            + allowed
        )
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    server: Article

    def do_GET(self) -> None:
        styles = self.path == "/resets.css"
        self.send_response(200)
        self.send_header("Content-Type", "text/css" if styles else "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        self.wfile.write((RESETS if styles else self.server.page).encode())

    def log_message(self, *_: object) -> None:
        """Do not log requests."""


@pytest.fixture
def served() -> Iterator[Callable[[Article], str]]:
    started: list[Article] = []

    def serve(article: Article) -> str:
        threading.Thread(target=article.serve_forever, daemon=True).start()
        started.append(article)
        return article.address

    yield serve
    for article in started:
        article.shutdown()
        article.server_close()


def test_two_units_on_a_hostile_page_look_right_and_share_one_stream(
    running: Running, open_page: Open, served: Callable[[Article], str]
) -> None:
    asked: list[str] = []
    page = open_page("about:blank", viewport={"width": 360, "height": 740})
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served(Article(running.appeal)))
    unit = page.locator("campaign-appeal").first
    expect(unit.get_by_role("heading")).to_contain_text("left to raise $50,000")
    expect(page.get_by_role("progressbar")).to_have_count(2)
    expect(page.get_by_role("progressbar").last).to_have_attribute(
        "aria-valuetext", re.compile(r"^\$[\d,.]+ of \$50,000 raised, [\d.]+%\.")
    )
    look = unit.get_by_role("link", name="$25").evaluate(
        "it => [getComputedStyle(it).fontSize, getComputedStyle(it).color, getComputedStyle(it).fontStyle]"
    )
    assert look == ["16px", "rgb(255, 255, 255)", "normal"]
    href = unit.get_by_role("link", name="$25").get_attribute("href") or ""
    assert href.endswith("/c/nine-days?amount=25&code=article-7#give")
    page.wait_for_timeout(300)
    assert len([url for url in asked if url.endswith("/progress/stream")]) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_closing_it_hides_it_without_a_cookie(
    running: Running, open_page: Open, served: Callable[[Article], str]
) -> None:
    page = open_page(served(Article(running.appeal)))
    page.locator("campaign-appeal").first.get_by_role("button", name="Not now").click()
    expect(page.locator("campaign-appeal")).to_have_count(1)
    page.reload()
    page.wait_for_function("Boolean(customElements.get('campaign-appeal'))")
    expect(page.locator("campaign-appeal")).to_have_count(0)
    assert page.context.cookies() == []
    page.evaluate("localStorage.setItem('campaign-appeal:nine-days', Date.now() - 91 * 86400000)")
    page.reload()
    expect(page.locator("campaign-appeal")).to_have_count(2)


def test_a_page_that_blocks_requests_still_links_to_the_appeal(
    running: Running, browser: object, served: Callable[[Article], str], open_page: Open
) -> None:
    context = browser.new_context()  # type: ignore[attr-defined] # its console reports the policy violation
    page = context.new_page()
    page.goto(served(Article(running.appeal, connects=False)))
    link = page.get_by_role("link", name="Support this newsroom").first
    expect(link).to_have_attribute("href", f"{running.appeal}/c/nine-days?code=article-7")
    context.close()


@pytest.mark.parametrize("form", ["foot", "banner", "bar"])
def test_the_frame_says_the_same_with_and_without_scripts(
    running: Running, open_page: Open, form: str
) -> None:
    address = f"{running.appeal}/c/nine-days/embed?form={form}"
    page = open_page(address, viewport={"width": 360, "height": 500})
    expect(page.get_by_role("progressbar")).to_be_visible()
    no_findings(page)
    still = open_page(address, java_script_enabled=False)
    expect(still.get_by_text("of $50,000 raised")).to_be_visible()
    expect(still.get_by_role("link", name="Give")).to_be_visible()
