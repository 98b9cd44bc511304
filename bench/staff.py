"""The staff's room on a seeded database: each page in 200 ms at the median, no query of the dashboard over 50.

The report and the journal, which add up the ledger, may take 400.
"""

from collections.abc import Iterator
from statistics import median

from bench.answers import Answer, Failure, Page, Watch, answer, ask, times
from bench.room import Room, Scale, open_room, pages

ROUNDS = 15
SLOWEST_QUERY = 50.0
"""Milliseconds that a query of the dashboard may take, at the median of the rounds."""
BLANK = Page("blank", "/healthz")


def staff(scale: Scale) -> Iterator[Answer | Failure]:
    """A figure a page, then what failed."""
    with open_room(scale) as room:
        print(f"the staff's room at {room.gifts:,} gifts, {ROUNDS} rounds", flush=True)
        blank = median(times(room.client, BLANK, ROUNDS))
        for page in pages(room):
            try:
                yield answer(page, times(room.client, page, ROUNDS), blank)
            except LookupError as error:
                yield Failure(str(error))
        yield from slow_queries(room)


def slow_queries(room: Room) -> Iterator[Failure]:
    """The queries of the dashboards that take too long, each as often as it was asked."""
    for page in pages(room):
        if not page.name.startswith("dashboard"):
            continue
        for statement, taken in _queries(room, page).items():
            if median(taken) > SLOWEST_QUERY:
                shown = " ".join(statement.split())[:300]
                yield Failure(f"{page.name}, {median(taken):.0f} ms: {shown}")


def _queries(room: Room, page: Page) -> dict[str, list[float]]:
    """The milliseconds of each statement of `page`, every time it was run."""
    taken: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        with Watch().watching(room.installation.engine) as queries:
            ask(room.client, page)
        for query in queries:
            taken.setdefault(query.statement, []).append(query.milliseconds)
    return taken
