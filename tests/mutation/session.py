"""One room's session: its mutants and what became of them, in a file that a later run goes on with."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkItem, WorkResult


@contextmanager
def session(folder: Path, items: list[WorkItem], tests: str) -> Iterator[WorkDB]:
    """Open the room's session and bring it up to date.

    Results of modules that have changed are dropped, and those of survivors if `tests`, the digest of the room's
    tests, has changed: only then can the result be another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / "tests.sha256"
    same_tests = stamp.exists() and stamp.read_text() == tests
    with use_db(str(folder / "session.sqlite")) as database:
        known = dict(database.results)
        database.clear()
        database.add_work_items(items)
        for item in items:
            result = known.get(item.job_id)
            if result and (same_tests or result.is_killed):
                database.set_result(item.job_id, result)
        stamp.write_text(tests)
        yield database


def digest(root: Path, tests: tuple[str, ...]) -> str:
    """Return the digest of a room's tests and of their helpers."""
    found = hashlib.sha256()
    for place in (*tests, "tests/support", "tests/conftest.py"):
        path = root / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found.update(file.read_bytes())
    return found.hexdigest()


def tally(
    results: Iterator[tuple[str, WorkResult]], equivalent: Callable[[str], str]
) -> dict[str, int]:
    """Count what became of the mutants: killed, survived, equivalent."""
    counts = {"killed": 0, "survived": 0, "equivalent": 0}
    for _, result in results:
        if result.test_outcome != TestOutcome.SURVIVED:
            counts["killed"] += 1
        else:
            counts["equivalent" if equivalent(result.diff or "") else "survived"] += 1
    return counts
