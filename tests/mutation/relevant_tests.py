"""Which tests run which lines, from one run of a room's tests under coverage.py."""

import ast
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from coverage import CoverageData

MOST = 60
MOST_SECONDS = 60.0
"""So many tests a mutant, the fastest first: a line that every test runs is noticed by few of them anyway."""
FEW_SECONDS = 10.0
"""As many tests as fit into these run in any case."""


@dataclass(frozen=True)
class RelevantTests:
    """`lines`: module → line → test ids. `seconds`: how long each test took."""

    lines: Mapping[str, Mapping[int, frozenset[str]]]
    seconds: Mapping[str, float]

    def of(self, module: str, first: int, last: int) -> list[str]:
        """Return the tests that run these lines of a module, or any of its lines if none runs these.

        For a module that only defines constants, which no test runs, return the tests of its package.
        """
        of_module = self.lines.get(module, {})
        ran = frozenset().union(*(of_module.get(line, ()) for line in range(first, last + 1)))
        if not ran:  # run while the module was imported
            ran = frozenset().union(*of_module.values())
        if not ran:
            package = f"tests/{Path(module).parent}/"
            ran = frozenset(test for test in self.seconds if test.startswith(package))
        chosen = self._likeliest_first(ran, Path(module).stem)
        spent = accumulate(self.seconds.get(test, 0.0) for test in chosen)
        return [
            test
            for number, (test, so_far) in enumerate(zip(chosen, spent, strict=True))
            if so_far < (MOST_SECONDS if number < MOST else FEW_SECONDS)
        ] or chosen[:1]

    def _likeliest_first(self, tests: Iterable[str], stem: str) -> list[str]:
        """Return the module's own tests first, and one example of each test before a second one of any."""
        earlier: Counter[str] = Counter()
        places: dict[str, tuple[bool, int, float]] = {}
        for test in sorted(tests, key=lambda each: (self.seconds.get(each, 0.0), each)):
            function = test.partition("[")[0]
            is_own = Path(test.partition("::")[0]).stem.startswith(f"test_{stem}")
            places[test] = (not is_own, earlier[function], self.seconds.get(test, 0.0))
            earlier[function] += 1
        return sorted(places, key=places.__getitem__)


def measure(workspace: Path, tests: tuple[str, ...], environment: dict[str, str]) -> RelevantTests:
    """Run the tests once. Raise AssertionError with pytest's output if one fails without any fault."""
    data, durations = workspace / ".coverage", workspace / "durations.json"
    modules = workspace / "modules.txt"
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider"]
    command += ["-p", "tests.mutation.recorder", "--cov=campaign", "--cov=workers", "--cov-report="]
    command += ["--cov-context=test", *tests]
    written = {"RECORDED_DURATIONS": str(durations), "RECORDED_MODULES": str(modules)}
    ended = subprocess.run(
        command,
        cwd=workspace,
        env={**environment, **written, "COVERAGE_FILE": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{ended.stdout[-6000:]}\n{ended.stderr[-2000:]}"
    seconds = json.loads(durations.read_text())
    return RelevantTests(_lines(data, workspace, frozenset(seconds)), seconds)


def _lines(
    data: Path, workspace: Path, tests: frozenset[str]
) -> dict[str, dict[int, frozenset[str]]]:
    """Return which tests run which lines.

    A module that a test was the first to import is seen by every test of its package; so are its definitions.
    """
    measured = CoverageData(str(data))
    measured.read()
    found: dict[str, dict[int, frozenset[str]]] = {}
    for file in measured.measured_files():
        by_line: dict[int, set[str]] = defaultdict(set)
        for line, contexts in measured.contexts_by_lineno(file).items():
            by_line[line] |= {each.rpartition("|")[0] for each in contexts if each}
        name = str(Path(file).relative_to(workspace))
        package = f"tests/{Path(name).parent}/"
        beside = {test for test in tests if test.startswith(package)}
        for line in run_on_import(Path(file).read_text()) & {at for at in by_line if by_line[at]}:
            by_line[line] |= beside
        found[name] = {line: frozenset(ran) for line, ran in by_line.items()}
    return found


def run_on_import(source: str) -> set[int]:
    """Return the lines outside the bodies of functions."""
    lines = set(range(1, source.count("\n") + 2))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines -= set(range(node.body[0].lineno, (node.end_lineno or 0) + 1))
    return lines
