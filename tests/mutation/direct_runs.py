"""Call test functions that need nothing but `rows` without starting pytest, which takes longer than they do."""

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import psycopg
import pytest

from tests.support.row_examples import TABLES
from tests.support.row_examples.rows import Rows


def calls(module: str, table: str = "") -> Iterator[tuple[str, Callable[[Rows], None]]]:
    """Yield each test of a module, with its name; with `table` only those of that table's examples."""
    for name, function in vars(importlib.import_module(module)).items():
        if not name.startswith("test_"):
            continue
        marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
        for shown, values in _combinations(marks):
            if not table or shown.startswith(f"{table}:"):
                test = f"{module.rpartition('.')[2]}::{name}" + (f"[{shown}]" if shown else "")
                yield test, partial(function, **values)


def _combinations(marks: list[pytest.Mark]) -> list[tuple[str, dict[str, Any]]]:
    """Return the name and arguments of each case of a test."""
    found: list[tuple[str, dict[str, Any]]] = [("", {})]
    for mark in marks:
        names, cases = mark.args[0], mark.args[1]
        named = [names] if isinstance(names, str) else list(names)
        found = [
            (f"{shown}-{label}".strip("-"), {**given, **dict(zip(named, values, strict=True))})
            for shown, given in found
            for label, values in (_case(case, single=len(named) == 1) for case in cases)
        ]
    return found


def _case(case: Any, *, single: bool) -> tuple[str, tuple[Any, ...]]:
    """Return a case's name and values."""
    if hasattr(case, "values") and hasattr(case, "id"):
        return str(case.id), tuple(case.values)
    values = (case,) if single else tuple(case)
    return "-".join(map(str, values)), values


def first_failure(
    connection: psycopg.Connection[Any], tests: Iterator[tuple[str, Callable[[Rows], None]]]
) -> str:
    """Run tests inside one transaction, each rolled back; return the name of the first that fails, or ''.

    Tests that commit are left out.
    """
    for name, call in tests:
        try:
            with connection.transaction(force_rollback=True):
                call(Rows(connection, TABLES))
        except psycopg.ProgrammingError as error:
            if "forbidden within a Transaction" not in str(error):
                return name
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 - any failure is the answer
            return name
    return ""


def first_failure_of_committing(
    connection: psycopg.Connection[Any], tests: Iterator[tuple[str, Callable[[Rows], None]]]
) -> str:
    """The same for tests that may commit."""
    for name, call in tests:
        try:
            call(Rows(connection, TABLES))
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 - any failure is the answer
            return name
        finally:
            connection.rollback()
    return ""
