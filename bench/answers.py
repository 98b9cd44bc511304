"""How long pages take to answer, and each of their queries. For `bench.staff` and `bench.plans`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, event

TARGET = 200.0
"""Milliseconds that a page of the staff's room may take at the median."""
DOCUMENT = 400.0
"""The same of a page that adds up the ledger of a campaign or of a month, and is asked for once in a while."""


@dataclass(frozen=True)
class Page:
    """A page by the name that a figure has. `first_bytes`: a streamed file, of which only the beginning counts.

    `target`: milliseconds that it may take at the median.
    """

    name: str
    path: str
    first_bytes: bool = False
    token: str = ""
    target: float = TARGET


@dataclass(frozen=True)
class Query:
    """A statement as it was sent, with its values, and how long it took in milliseconds."""

    statement: str
    values: Any
    milliseconds: float


@dataclass(frozen=True)
class Answer:
    """Median and 95th percentile of a page in milliseconds, beside the blank page of the same run and the target."""

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
    """What must not be: a page that does not answer, a query that takes too long."""

    text: str
    failed: bool = True

    def line(self) -> str:
        return f"FAILED: {self.text}"


@dataclass
class Watch:
    """Collects the queries that an engine runs while it is `watching`."""

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
    """Milliseconds until `page` was there, or its first bytes; raises where the answer is not 200."""
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
    """`rounds` answers after two that warm up."""
    return [ask(client, page) for _ in range(rounds + 2)][2:]


def answer(page: Page, taken: list[float], blank: float) -> Answer:
    slowest = quantiles(taken, n=20, method="inclusive")[-1]
    return Answer(f"staff: {page.name}", median(taken), slowest, blank, page.target)
