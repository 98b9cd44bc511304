"""Response times of pages and of each of their queries. For `bench.staff` and `bench.plans`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, event

TARGET = 200.0
"""Limit for a staff page: milliseconds, median."""
DOCUMENT = 400.0
"""Limit for a page that adds up the ledger of a campaign or a month and is opened rarely."""


@dataclass(frozen=True)
class Page:
    """A page to request, with the name its figure gets.

    `first_bytes`: a streamed file, measured to its first bytes. `target`: limit in milliseconds, median.
    """

    name: str
    path: str
    first_bytes: bool = False
    token: str = ""
    target: float = TARGET


@dataclass(frozen=True)
class Query:
    """A statement as sent, its parameter values, and its duration in milliseconds."""

    statement: str
    values: Any
    milliseconds: float


@dataclass(frozen=True)
class Answer:
    """Median and 95th percentile of a page in milliseconds, with the same run's blank page and the target."""

    what: str
    median: float
    slowest: float
    blank: float
    target: float = TARGET

    def line(self) -> str:
        late = "" if self.median <= self.target else "  TOO SLOW"
        return (
            f"{self.what:<44} {self.median:>8.1f} ms, p95 {self.slowest:>8.1f} ms"
            f"   {self.median / self.target:5.2f} of {self.target:.0f} ms,"
            f" {self.median / self.blank:6.1f} of a blank page ({self.blank:.1f} ms){late}"
        )

    @property
    def failed(self) -> bool:
        return self.median > self.target


@dataclass(frozen=True)
class Failure:
    """A page that does not answer, or a query that takes too long."""

    text: str
    failed: bool = True

    def line(self) -> str:
        return f"FAILED: {self.text}"


@dataclass
class Watch:
    """Collect the queries that an engine runs while `watching`."""

    queries: list[Query] = field(default_factory=list)

    @contextmanager
    def watching(self, engine: Engine) -> Iterator[list[Query]]:
        self.queries = []
        event.listen(engine, "before_cursor_execute", self._begin)
        event.listen(engine, "after_cursor_execute", self._end)
        try:
            yield self.queries
        finally:
            event.remove(engine, "before_cursor_execute", self._begin)
            event.remove(engine, "after_cursor_execute", self._end)

    def _begin(self, connection: Connection, *_: Any) -> None:
        connection.info["begun"] = time.perf_counter()

    def _end(
        self, connection: Connection, _cursor: Any, statement: str, values: Any, *_: Any
    ) -> None:
        taken = 1000 * (time.perf_counter() - connection.info["begun"])
        self.queries.append(Query(statement, values, taken))


def ask(client: FlaskClient, page: Page) -> float:
    """Return the milliseconds until `page`, or its first bytes, arrived. Raise LookupError unless it is a 200."""
    headers = {"Authorization": f"Bearer {page.token}"} if page.token else {}
    begun = time.perf_counter()
    with client.get(page.path, headers=headers, buffered=False) as answer:
        if answer.status_code != 200:
            raise LookupError(f"{page.name}: {page.path} answers {answer.status_code}")
        if page.first_bytes:
            next(answer.iter_encoded())
        else:
            answer.get_data()
        return 1000 * (time.perf_counter() - begun)


def times(client: FlaskClient, page: Page, rounds: int) -> list[float]:
    """Return `rounds` response times after two warm-up requests."""
    return [ask(client, page) for _ in range(rounds + 2)][2:]


def answer(page: Page, taken: list[float], blank: float) -> Answer:
    slowest = quantiles(taken, n=20, method="inclusive")[-1]
    return Answer(f"staff: {page.name}", median(taken), slowest, blank, page.target)
