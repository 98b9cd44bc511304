"""Which tests run which lines, from one run of a room's tests under coverage.py."""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from coverage import CoverageData

MOST = 60
MOST_SECONDS = 60.0
"""So many tests a mutant, the fastest first: a line that every test runs is noticed by few of them anyway."""


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
        own = f"/test_{Path(module).stem}.py"
        chosen = sorted(ran, key=lambda test: (own not in test, self.seconds.get(test, 0.0)))[:MOST]
        spent = list(accumulate(self.seconds.get(test, 0.0) for test in chosen))
        return [
            test for test, so_far in zip(chosen, spent, strict=True) if so_far < MOST_SECONDS
        ] or chosen[:1]


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
    return RelevantTests(_lines(data, workspace), json.loads(durations.read_text()))


def _lines(data: Path, workspace: Path) -> dict[str, dict[int, frozenset[str]]]:
    measured = CoverageData(str(data))
    measured.read()
    found: dict[str, dict[int, frozenset[str]]] = {}
    for file in measured.measured_files():
        by_line: dict[int, set[str]] = defaultdict(set)
        for line, contexts in measured.contexts_by_lineno(file).items():
            by_line[line] |= {each.rpartition("|")[0] for each in contexts if each}
        name = str(Path(file).relative_to(workspace))
        found[name] = {line: frozenset(tests) for line, tests in by_line.items()}
    return found
