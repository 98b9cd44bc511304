"""The appeal page and progress.json, beside bare bytes from the same server; and Lighthouse on a slow phone."""

from collections.abc import Iterator

from bench.figures import Figure, in_turn
from bench.load import answers_per_second
from bench.reading import NotMeasured, Score, Waiting, reading
from bench.serving import serving

LIMIT = "bare bytes"


def pages() -> Iterator[Figure | Score | Waiting | NotMeasured]:
    """Measure the cached page, a page rendered per request, and `progress.json`; then run Lighthouse."""
    with serving() as running:
        kept, rendered, progress, limit = in_turn(
            lambda: answers_per_second(running.port, [_get("/c/nine-days")]),
            lambda: answers_per_second(running.port, [_get("/c/nine-days?amount=25")]),
            lambda: answers_per_second(running.port, [_get("/c/nine-days/progress.json")]),
            lambda: answers_per_second(running.bare_port, [_get("/")]),
        )
        yield Figure("page: the appeal, as every reader gets it", kept, LIMIT, limit)
        yield Figure("page: the appeal, prefilled for one reader", rendered, LIMIT, limit)
        yield Figure("page: progress.json", progress, LIMIT, limit)
        here = "http://127.0.0.1"
        yield from reading(
            f"{here}:{running.port}/c/nine-days", f"{here}:{running.bare_port}/blank"
        )


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
