"""Text as small as it can be sent, where no proxy in front does it. For `application` alone.

The kept page and the files beside it are the same bytes for every reader: each is compressed once and found again.
What is streamed (the live bar, exports) passes as it comes, and so do the staff's pages: a page that holds a secret
beside what a stranger can put into its address must not tell by its length what it holds (BREACH,
https://breachattack.com).

Ours, since Flask-Compress works beneath the kept pages, packs a file anew for each reader, and a part of one (206) too.
"""

import gzip
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
"""Bytes below which compressing saves nothing that a reader would notice."""
_SECRETS = ("/staff", "/api", "/me")


class Compression:
    """WSGI middleware around everything else."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if environ["REQUEST_METHOD"] != "GET" or path.startswith(_SECRETS):
            return self._application(environ, start_response)
        told: list[tuple[str, list[tuple[str, str]], object]] = []

        def keep(
            status: str, headers: list[tuple[str, str]], error: object = None
        ) -> Callable[[bytes], object]:
            told[:] = [(status, headers, error)]
            return _no_writing

        answer = self._application(environ, keep)
        status, headers, error = told[0]
        if status.startswith("206") or not _is_whole_text(headers):
            start_response(status, headers, error)  # type: ignore[arg-type] # passed on as it came
            return answer
        headers = [*headers, ("Vary", "Accept-Encoding")]
        body = _body(answer)
        if len(body) >= SMALLEST and "gzip" in str(environ.get("HTTP_ACCEPT_ENCODING", "")):
            body, headers = _packed(body), _told_packed(headers)
            headers.append(("Content-Length", str(len(body))))
        start_response(status, headers, error)  # type: ignore[arg-type] # likewise
        return [body]


def _is_whole_text(headers: list[tuple[str, str]]) -> bool:
    """Whether all of it is here, as text that nobody has compressed yet."""
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
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=6, mtime=0)


def _told_packed(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Another representation: its tag is weak (RFC 9110, 8.8.1), as nginx makes it."""
    kept = [
        (name, f"W/{value}" if name.lower() == "etag" and value.startswith('"') else value)
        for name, value in headers
        if name.lower() != "content-length"
    ]
    return [*kept, ("Content-Encoding", "gzip")]


def _no_writing(_part: bytes) -> object:
    raise RuntimeError("The application returns its pages; it never writes them.")
