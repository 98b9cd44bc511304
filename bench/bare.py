"""The limit: the same server answering with constant bytes of a page's size."""

from collections.abc import Callable, Iterable
from typing import Any

PAGE = b"x" * 12_000
BLANK = (
    b"<!doctype html><html lang=en><title>Blank</title><link rel=icon href=data:,><p>Blank</html>"
)


def application(
    environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    """Read the request body, then answer `/blank` with a one-word page and everything else with PAGE."""
    environ["wsgi.input"].read()
    body = BLANK if environ["PATH_INFO"] == "/blank" else PAGE
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
    return [body]
