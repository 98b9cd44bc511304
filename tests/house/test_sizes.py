"""Limits on the length of files and functions, and on complexity."""

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.complexity import Function, functions

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("campaign", "workers", "sandbox", "bench")
LONG_FILE = 400
LONGEST_FUNCTION = 60
HIGHEST_COMPLEXITY = 10
EXCUSE = re.compile(r"# complexity: \S")


class LongFileWarning(UserWarning):
    """A file that may cover more than one subject. Check whether it does; if not, leave it."""


def sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def warn_of_length(path: Path, source: str) -> None:
    length = len(source.splitlines())
    if length > LONG_FILE:
        warnings.warn(f"{path}: {length} lines", LongFileWarning, stacklevel=2)


def too_long(source: str) -> Iterator[str]:
    for node, _ in functions(ast.parse(source)):
        if (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION:
            yield f"{node.lineno} {node.name}"


def too_complex(source: str) -> Iterator[str]:
    """Yield functions above the limit without a reason, and reasons that are no longer needed."""
    lines = source.splitlines()
    for node, complexity in functions(ast.parse(source)):
        if (complexity > HIGHEST_COMPLEXITY) != excused(node, lines):
            yield f"{node.lineno} {node.name}: {complexity}"


def excused(node: Function, lines: list[str]) -> bool:
    """Whether `# complexity: <reason>` is on the line of `def` or the one above it."""
    return any(EXCUSE.search(line) for line in lines[max(node.lineno - 2, 0) : node.lineno])


def test_long_files_cause_a_warning() -> None:
    for path in sources():
        warn_of_length(path.relative_to(ROOT), path.read_text(encoding="utf-8"))


def test_functions_are_short() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{function}"
        for path in sources()
        # A migration is a list of tables, written once.
        if "migrations" not in path.parts
        for function in too_long(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_functions_branch_little_or_say_why() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{function}"
        for path in sources()
        for function in too_complex(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_only_a_file_past_the_limit_causes_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_length(Path("short.py"), "pass\n" * LONG_FILE)
    with pytest.warns(LongFileWarning, match=r"long\.py: 401 lines"):
        warn_of_length(Path("long.py"), "pass\n" * (LONG_FILE + 1))


SIMPLE = "    return a\n"
COMPLEX = f"    return {' or '.join('abcdefghijk')}\n"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (f"def f(a):\n{COMPLEX}", ["1 f: 11"]),
        (f"def f(a):  # complexity: a table\n{COMPLEX}", []),
        (f"# complexity: a table\ndef f(a):\n{COMPLEX}", []),
        (f"# complexity: \ndef f(a):\n{COMPLEX}", ["2 f: 11"]),
        (f"def f(a):  # complexity: a table\n{SIMPLE}", ["1 f: 1"]),
        (f"def f(a):\n{SIMPLE}", []),
    ],
)
def test_a_complex_function_needs_a_reason_and_a_simple_one_none(
    source: str, found: list[str]
) -> None:
    assert list(too_complex(source)) == found
