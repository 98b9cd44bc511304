"""Staff pages on a seeded database: 200 ms per page and 50 ms per dashboard query, at the median.

The report and the journal, which add up the ledger, may take 400 ms.
"""

from collections.abc import Iterator
from statistics import median

from bench.answers import Answer, Failure, Page, Watch, answer, ask, times
from bench.room import Room, Scale, open_room, pages

ROUNDS = 15
SLOWEST_QUERY = 50.0
"""Limit for a dashboard query: milliseconds, median of the rounds."""
BLANK = Page("blank", "/healthz")


def staff(scale: Scale) -> Iterator[Answer | Failure]:
    """Yield one figure per page, then the failures."""
    with open_room(scale) as room:
        print(f"staff pages at {room.gifts:,} gifts, {ROUNDS} rounds", flush=True)
        blank = median(times(room.client, BLANK, ROUNDS))
        for page in pages(room):
            try:
                yield answer(page, times(room.client, page, ROUNDS), blank)
            except LookupError as error:
                yield Failure(str(error))
        yield from slow_queries(room)


def slow_queries(room: Room) -> Iterator[Failure]:
    """Yield a failure for each dashboard query above the limit."""
    for page in pages(room):
        if not page.name.startswith("dashboard"):
            continue
        for statement, taken in _queries(room, page).items():
            if median(taken) > SLOWEST_QUERY:
                shown = " ".join(statement.split())[:300]
                yield Failure(f"{page.name}, {median(taken):.0f} ms: {shown}")


def _queries(room: Room, page: Page) -> dict[str, list[float]]:
    """Return the milliseconds of every run of each statement of `page`."""
    taken: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        with Watch().watching(room.installation.engine) as queries:
            ask(room.client, page)
        for query in queries:
            taken.setdefault(query.statement, []).append(query.milliseconds)
    return taken
