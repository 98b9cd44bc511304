"""Plant faults in the database's rules and see whether the tests of `tests/campaign/models` notice.

    python -m tests.mutation.database [--only TEXT] [--again]

Each fault is planted in a copy of the migrated template, and the tests of its table run on it; if they pass, all tests
of the models do. The comparison of the whole schema does not count: it would notice everything. Outcomes are kept in
`var/mutation/database.json`, so an interrupted run goes on where it stopped.
"""

import argparse
import json
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import psycopg
import pytest

from tests.mutation.database_equivalents import EQUIVALENT
from tests.mutation.database_faults import Fault, faults
from tests.mutation.direct_runs import calls, first_failure, first_failure_of_committing
from tests.support.databases import SERVER, TEMPLATE, Databases, private_server
from tests.support.row_examples import TABLES
from tests.support.row_examples.rows import Rows

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "var" / "mutation" / "database.json"
MODELS = "tests/campaign/models"
PACKAGE = "tests.campaign.models"
CONSTRAINTS = f"{PACKAGE}.test_constraints"
TRIGGERS = {
    f"{PACKAGE}.test_guard_triggers": ("guard", "append_only", "transition"),
    f"{PACKAGE}.test_counting_trigger": ("count_",),
    f"{PACKAGE}.test_announcing_triggers": ("queue_", "notify_", "search_words"),
}
"""The modules of the triggers' tests, and what is in the names of the triggers and functions that each is about."""
NOT_COUNTED = ("test_every_column_of_the_database", "test_every_constraint_of_the_database")
"""Tests of the examples' completeness, which compare names and not behavior."""
ALL_TESTS = [MODELS, "-k", " and ".join(f"not {name}" for name in NOT_COUNTED)]
LIMIT = 600
"""Seconds after which a run that does not end counts as having noticed."""

BROKEN = "The run itself failed:"

Outcomes = dict[str, dict[str, str]]


@dataclass
class FirstFailure:
    """A pytest plugin that remembers the first test that failed."""

    test: str = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.test:
            self.test = report.nodeid


def play(template: str, server: str, arguments: list[str]) -> str:
    """Run tests on copies of `template` in a process of their own; return the first that failed, or ''.

    A forked process has imported everything already, which takes longer than the tests.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _play_in_child(writing, template, server, arguments)
    os.close(writing)
    with os.fdopen(reading) as answer:
        failed = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return f"no end within {LIMIT} seconds"
    if failed.startswith(BROKEN):
        sys.exit(failed)
    return failed


def _play_in_child(answer: int, template: str, server: str, arguments: list[str]) -> None:
    failure = FirstFailure()
    try:
        signal.alarm(LIMIT)
        os.environ.pop("DATABASE_URL", None)
        os.environ.update(
            {SERVER: server, TEMPLATE: template, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        )
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "pytest_timeout"]
        code = pytest.main([*options, *arguments], plugins=[failure])
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            failure.test = f"{BROKEN} pytest ended with {code!r}"
    except BaseException:  # noqa: BLE001 - nothing may leave the child but its answer
        failure.test = f"{BROKEN} {traceback.format_exc()[-300:]}"
    os.write(answer, failure.test.encode())
    os._exit(0)


@contextmanager
def planted(fault: Fault, databases: Databases, template: str) -> Iterator[str]:
    """The name of a copy of the template with the fault; raises psycopg.Error if PostgreSQL does not accept it."""
    name = databases.create(template)
    try:
        with psycopg.connect(databases.address(name), autocommit=True) as connection:
            connection.execute(fault.sql.encode())
        yield name
    finally:
        databases.drop(name)


def noticed(fault: Fault, databases: Databases, template: str, scratch: str) -> str:
    """Return the first test that fails with the fault, or ''. The likeliest and fastest tests run first."""
    if found := noticed_at_once(fault, databases.address(scratch)):
        return found
    with (
        planted(fault, databases, template) as name,
        psycopg.connect(databases.address(name)) as connection,
    ):
        found = first_failure_of_committing(connection, tests_about(fault))
    if found:
        return found
    # A copy of its own, because some of the tests above commit.
    with planted(fault, databases, template) as name:
        return play(name, databases.server, ALL_TESTS)


def noticed_at_once(fault: Fault, address: str) -> str:
    """Plant the fault in a transaction that is rolled back, which takes no copy of the database."""
    with psycopg.connect(address) as connection:
        connection.execute(fault.sql.encode())
        own = calls(CONSTRAINTS, fault.table) if fault.table else iter(())
        found = first_failure(connection, chain(own, tests_about(fault)))
        connection.rollback()
    return found


def tests_about(fault: Fault) -> Iterator[tuple[str, Callable[[Rows], None]]]:
    """Yield the triggers' tests, those about this fault's trigger or function first."""
    for module in sorted(
        TRIGGERS, key=lambda one: not any(part in fault.name for part in TRIGGERS[one])
    ):
        yield from calls(module)


def outcome_of(fault: Fault, databases: Databases, template: str, scratch: str) -> dict[str, str]:
    try:
        found = noticed(fault, databases, template, scratch)
    except psycopg.Error as error:
        return {"outcome": "invalid", "by": str(error).splitlines()[0]}
    return {"outcome": "caught" if found else "survived", "by": found}


@contextmanager
def migrated() -> Iterator[tuple[Databases, str]]:
    """A server, and the name of a migrated, empty database on it."""
    with private_server() as server:
        databases = Databases(server)
        yield databases, databases.create_migrated()


def load() -> Outcomes:
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}


def save(outcomes: Outcomes) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    beside = RESULTS.with_suffix(".new")
    beside.write_text(json.dumps(outcomes, indent=1, ensure_ascii=False), encoding="utf-8")
    beside.replace(RESULTS)


def run(only: str, *, again: bool) -> int:
    """Plant what has no outcome yet; report. 0 if every fault is caught or named as equivalent."""
    outcomes = load()
    with migrated() as (databases, template):
        with psycopg.connect(databases.address(template)) as connection:
            chosen = [fault for fault in faults(connection) if only in fault.name]
        _require_that_all_pass(databases, template)
        scratch = databases.create(template)
        for number, fault in enumerate(chosen, 1):
            if fault.name in EQUIVALENT or (fault.name in outcomes and not again):
                continue
            outcomes[fault.name] = outcome_of(fault, databases, template, scratch)
            save(outcomes)
            show(f"{number}/{len(chosen)}", fault, outcomes[fault.name])
    return report([fault.name for fault in chosen], outcomes)


def _require_that_all_pass(databases: Databases, template: str) -> None:
    """A test that fails without a fault would catch them all."""
    nothing = Fault("none", "", "SELECT 1")
    with planted(nothing, databases, template) as name:
        for table in TABLES:
            if failed := noticed_at_once(replace(nothing, table=table), databases.address(name)):
                sys.exit(f"Without a fault, {failed} fails.")
    for first, *_ in TRIGGERS.values():
        # Each order that `tests_about` has.
        with (
            planted(nothing, databases, template) as name,
            psycopg.connect(databases.address(name)) as connection,
        ):
            tests = tests_about(replace(nothing, name=first))
            if failed := first_failure_of_committing(connection, tests):
                sys.exit(f"Without a fault, {failed} fails.")
    if failed := play(template, databases.server, ALL_TESTS):
        sys.exit(f"Without a fault, {failed} fails.")


def show(position: str, fault: Fault, outcome: dict[str, str]) -> None:
    words = {"caught": f"caught by {outcome['by']}", "survived": "SURVIVED"}
    told = words.get(outcome["outcome"], f"does not apply: {outcome['by']}")
    print(f"{position} {fault.name}\n    {told}", flush=True)


def report(names: list[str], outcomes: Outcomes) -> int:
    counts = Counter(
        "equivalent" if name in EQUIVALENT else outcomes[name]["outcome"] for name in names
    )
    survivors = [name for name in names if outcomes.get(name, {}).get("outcome") == "survived"]
    survivors = [name for name in survivors if name not in EQUIVALENT]
    planted = counts["caught"] + counts["survived"]
    lines = [
        *(f"SURVIVED {name}" for name in survivors),
        f"{counts['caught']} of {planted} faults caught ({100 * counts['caught'] / max(planted, 1):.1f} %)",
        f"{counts['equivalent']} equivalent, {counts['invalid']} that PostgreSQL does not accept",
    ]
    print("\n".join(lines))
    return 1 if survivors else 0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.database", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="faults with TEXT in their name")
    parser.add_argument("--again", action="store_true", help="play those with an outcome again")
    options = parser.parse_args()
    sys.exit(run(options.only, again=options.again))


if __name__ == "__main__":
    main()
