"""Compress text responses with gzip, for installations without a proxy that does it. Used only by `web.app`.

Cached pages and static files are the same bytes for every reader, so each is compressed once and the result is cached.
Streams (live progress, exports) pass unchanged, and so do pages under /staff, /api and /me: if a page contains both a
secret and text that a stranger can put into its address, its compressed length can reveal the secret (BREACH,
https://breachattack.com).

We do not use Flask-Compress: it runs below the page cache, compresses a file again for each reader, and also
compresses partial responses (206).
"""

import gzip
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TEXTS = (
    "text/html",
    "text/css",
    "text/javascript",
    "application/json",
    "application/rss+xml",
    "image/svg+xml",
)
SMALLEST = 500
"""Bytes; for smaller bodies, compression saves nothing that a reader would notice."""
_SECRETS = ("/staff", "/api", "/me")


class Compression:
    """WSGI middleware that wraps the whole application."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if environ["REQUEST_METHOD"] != "GET" or path.startswith(_SECRETS):
            return self._application(environ, start_response)
        started: list[tuple[str, list[tuple[str, str]], object]] = []

        def keep(
            status: str, headers: list[tuple[str, str]], error: object = None
        ) -> Callable[[bytes], object]:
            started[:] = [(status, headers, error)]
            return _no_writing

        answer = self._application(environ, keep)
        status, headers, error = started[0]
        if status.startswith("206") or not _is_whole_text(headers):
            start_response(status, headers, error)  # type: ignore[arg-type] # passed through unchanged
            return answer
        headers = [*headers, ("Vary", "Accept-Encoding")]
        body = _body(answer)
        if len(body) >= SMALLEST and accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING")):
            body, headers = _compressed(body), _compressed_headers(headers)
            headers.append(("Content-Length", str(len(body))))
        start_response(status, headers, error)  # type: ignore[arg-type] # the same
        return [body]


_GZIP = re.compile(r"(?:^|,)\s*(?:x-)?gzip\s*(?:;\s*q\s*=\s*([0-9.]*)\s*)?(?:$|,)", re.IGNORECASE)


def accepts_gzip(header: object) -> bool:
    """Return whether `Accept-Encoding` names gzip, other than with `q=0`, which refuses it (RFC 9110, 12.5.3).

    `*` alone is not enough: who sends only that does not ask for gzip, and gets the page as it is.
    """
    found = _GZIP.search(str(header or ""))
    return found is not None and (found[1] is None or found[1].strip("0.") != "")


def _is_whole_text(headers: list[tuple[str, str]]) -> bool:
    """Whether the response is complete text that is not compressed yet."""
    found = {name.lower(): value for name, value in headers}
    kind = found.get("content-type", "").partition(";")[0]
    return kind in TEXTS and "content-length" in found and "content-encoding" not in found


def _body(answer: Iterable[bytes]) -> bytes:
    if isinstance(answer, list) and len(answer) == 1:
        return bytes(answer[0])
    try:
        return b"".join(answer)
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()


@lru_cache(maxsize=64)
def _compressed(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=6, mtime=0)


def _compressed_headers(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers of the compressed body; its ETag is weak (RFC 9110, 8.8.1), as in nginx."""
    kept = [
        (name, f"W/{value}" if name.lower() == "etag" and value.startswith('"') else value)
        for name, value in headers
        if name.lower() != "content-length"
    ]
    return [*kept, ("Content-Encoding", "gzip")]


def _no_writing(_part: bytes) -> object:
    raise RuntimeError("The application returns its pages; it never writes them.")
