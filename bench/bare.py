"""The limit: the same server, answering kept bytes of a page's size and doing nothing else."""

from collections.abc import Callable, Iterable
from typing import Any

PAGE = b"x" * 12_000


def application(
    environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    """Answers everything alike; a posted body is read first."""
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(PAGE)))])
    return [PAGE]
