"""Cache rendered appeal pages for a second and serve them before the framework does any work.

The page is the same for all readers of a language, and its `Cache-Control` allows one second. A new gift invalidates
the cache at once. Requests with any other query string are not cached.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from campaign.core.i18n import languages
from campaign.web.appeal.progress_stream import LiveProgress

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_AGE = 1.0
"""Seconds, as in the page's own Cache-Control."""
MAX_PAGES = 256


@dataclass(frozen=True)
class _Page:
    status: str
    headers: list[tuple[str, str]]
    body: bytes
    version: int
    until: float


class PageCache:
    """WSGI middleware that wraps the application."""

    def __init__(self, application: "WSGIApplication", live: LiveProgress) -> None:
        self._application = application
        self._live = live
        self._pages: dict[str, _Page] = {}

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = _page_address(environ)
        if path is None:
            return self._application(environ, start_response)
        page = self._pages.get(path)
        if page is None or page.version != self._live.version or page.until < time.monotonic():
            page = self._render(path, environ)
        start_response(page.status, page.headers)
        return [page.body]

    def _render(self, path: str, environ: "WSGIEnvironment") -> _Page:
        version, until = self._live.version, time.monotonic() + MAX_AGE
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _error: object = None
        ) -> Callable[[bytes], object]:
            started.append((status, headers))
            return _no_writing

        answer = self._application(environ, start_response)
        try:
            body = b"".join(answer)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
        page = _Page(*started[-1], body, version, until)
        if page.status.startswith("200") and len(self._pages) < MAX_PAGES:
            self._pages[path] = page
        return page


def _no_writing(_part: bytes) -> object:
    raise RuntimeError("The application returns its pages; it never writes them.")


_LANGUAGES = frozenset({"", *(f"lang={name.replace('_', '-')}" for name in languages())})
"""The query strings worth caching: none, or only a language that we have."""


def _page_address(environ: "WSGIEnvironment") -> str | None:
    """Return the cache key (path and language) of an appeal page, or None for any other request."""
    query = environ.get("QUERY_STRING", "")
    if environ["REQUEST_METHOD"] != "GET" or query not in _LANGUAGES:
        return None
    path = str(environ.get("PATH_INFO", ""))
    if path == "/" or (path.startswith("/c/") and path.count("/") == 2):
        return f"{path}?{query}"
    return None
