"""Plant faults from a table, one at a time, in a copy of the project, and report which test notices each.

A table is a list of `Fault` in a module `tests.mutation.faults_NAME`. Results are kept in var/mutation/NAME.json: a run
that was interrupted goes on where it was, and a fault is planted again only after it, its file or its tests changed.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "var" / "mutation"
SECONDS = 900
"""A fault after which the tests hang for this long is noticed too."""

ALONE = "--noconftest"
"""Among a fault's tests: they need no fixture from outside their file. Then they start in a tenth of the time."""

PLUGINS = ["-p", "no:cacheprovider", "-p", "no:randomly"]
"""In the order of the file, so that two runs agree on which test is the first to notice."""

PASSED, FAILED, BROKEN = 0, 1, 2
"""pytest's exit codes: every test passed, one failed, or the tests could not even be collected."""


@dataclass(frozen=True)
class Fault:
    """Replace `old`, which occurs once in `file`, with `new`, and run `tests` (arguments of pytest).

    `equivalent`: why no test could notice. Such a fault is listed, but neither run nor counted.
    """

    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    equivalent: str = ""

    def digest(self) -> str:
        """Return a digest of everything that the result depends on."""
        paths = {ROOT / test.partition("::")[0] for test in self.tests if test.startswith("tests/")}
        contents = [path.read_bytes() for path in sorted({ROOT / self.file, *paths})]
        fields = json.dumps(asdict(self), sort_keys=True).encode()
        return hashlib.sha256(b"\0".join([fields, *contents])).hexdigest()

    def planted(self) -> str:
        """Return the content of the file with the fault in it; raises ValueError unless `old` occurs once."""
        text = (ROOT / self.file).read_text(encoding="utf-8")
        if text.count(self.old) != 1 or self.old == self.new:
            raise ValueError(f"{self.file}: {text.count(self.old)} times: {self.old!r}")
        return text.replace(self.old, self.new)

    def __str__(self) -> str:
        return f"{self.file}: {_short(self.old)} → {_short(self.new)}"


def _short(text: str) -> str:
    words = " ".join(text.split())
    return f"`{words[:60]}…`" if len(words) > 60 else f"`{words}`"


@dataclass(frozen=True)
class Result:
    """`caught_by` is the first test that failed, or "" if none did."""

    digest: str
    caught_by: str
    seconds: float


class Plantation:
    """A table of faults, a copy of the project to plant them in, and the results so far."""

    def __init__(self, name: str, faults: Sequence[Fault]) -> None:
        self.faults = faults
        self._name = name
        self._file = KEPT / f"{name}.json"
        self._copies: Queue[Path] = Queue()
        self._saving = threading.Lock()
        self.results = self._read()

    def _read(self) -> dict[str, Result]:
        if not self._file.exists():
            return {}
        return {key: Result(**value) for key, value in json.loads(self._file.read_text()).items()}

    def _save(self) -> None:
        found = {key: asdict(value) for key, value in self.results.items()}
        self._file.write_text(json.dumps(found, indent=1))

    def check(self) -> None:
        """Raise ValueError if a fault cannot be planted, because its file has changed."""
        for fault in self.faults:
            fault.planted()

    def make_copies(self, number: int) -> None:
        """Copy every file that git knows or would add, as it is now, `number` times."""
        listed = _git("ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
        for index in range(number):
            copy = KEPT / f"{self._name}-tree-{index}"
            shutil.rmtree(copy, ignore_errors=True)
            for name in filter(None, listed):
                if (ROOT / name).is_file():
                    (copy / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(ROOT / name, copy / name)
            # Some tests read git's list of files.
            for words in (["init", "-q"], ["add", "-A"]):
                subprocess.run(["git", *words], cwd=copy, check=True)
            self._copies.put(copy)

    def result(self, fault: Fault) -> Result | None:
        """Return the result that is still valid."""
        found = self.results.get(str(fault))
        return found if found and found.digest == fault.digest() else None

    def run(self, fault: Fault) -> Result:
        """Plant the fault in a copy that is free, run its tests, and take it back."""
        copy, digest = self._copies.get(), fault.digest()
        path, begun = copy / fault.file, time.monotonic()
        sound = path.read_text(encoding="utf-8")
        path.write_text(fault.planted(), encoding="utf-8")
        try:
            caught_by = self._failure(copy, fault.tests)
        finally:
            path.write_text(sound, encoding="utf-8")
            self._copies.put(copy)
        result = Result(digest, caught_by, round(time.monotonic() - begun, 1))
        with self._saving:
            self.results[str(fault)] = result
            self._save()
        return result

    def _failure(self, copy: Path, tests: Sequence[str]) -> str:
        """Return the first test that fails in the copy, or "" if all pass."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", *PLUGINS, *tests]
        environment = dict(os.environ, PYTHONPATH=str(copy), PYTHONDONTWRITEBYTECODE="1")
        if ALONE in tests:
            environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
            command += ["-p", "pytest_timeout"]  # pyproject.toml sets it
        try:
            done = subprocess.run(
                command,
                cwd=copy,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            return f"the tests, which hang: {' '.join(tests)}"
        if done.returncode == PASSED:
            return ""
        if done.returncode in (FAILED, BROKEN):
            named = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", done.stdout, re.MULTILINE)
            return named[0] if named else "pytest: " + done.stdout.strip().splitlines()[-1]
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")

    def require_passing(self, faults: Sequence[Fault]) -> None:
        """Raise RuntimeError if a test of these faults fails without any fault."""
        copy = self._copies.get()
        for alone in ([], [ALONE]):
            sets = [fault.tests for fault in faults if (ALONE in fault.tests) == bool(alone)]
            files = {test for tests in sets for test in tests if test.startswith("tests/")}
            failed = self._failure(copy, [*alone, *sorted(files)]) if files else ""
            if failed:
                raise RuntimeError(f"{failed} fails without a fault")
        self._copies.put(copy)


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def chosen(text: str, faults: Sequence[Fault]) -> list[Fault]:
    """Return the faults with these numbers (`3,7-9`), or all of them."""
    if not text:
        return list(faults)
    numbers: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        numbers |= set(range(int(first), int(last or first) + 1))
    return [fault for number, fault in enumerate(faults, 1) if number in numbers]


def report(plantation: Plantation) -> str:
    """Return the score, the survivors and the equivalent faults."""
    counted = [fault for fault in plantation.faults if not fault.equivalent]
    done = {fault: plantation.result(fault) for fault in counted}
    known = {fault: result for fault, result in done.items() if result}
    caught = [fault for fault, result in known.items() if result.caught_by]
    lines = [f"SURVIVED {fault}" for fault, result in known.items() if not result.caught_by]
    lines += [
        f"equivalent {fault}: {fault.equivalent}" for fault in plantation.faults if fault.equivalent
    ]
    if len(known) < len(counted):
        lines.append(f"{len(counted) - len(known)} faults not planted yet")
    share = 100 * len(caught) / len(known) if known else 0.0
    return "\n".join([*lines, f"{len(caught)} of {len(known)} faults caught: {share:.0f} %"])


def main(name: str, faults: Sequence[Fault], arguments: Sequence[str] | None = None) -> int:
    """Run the table; exit code 1 if a fault survived."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.mutation.{name}", description=__doc__)
    parser.add_argument("--only", default="", metavar="N", help="plant only these: 3,7-9")
    parser.add_argument("--again", action="store_true", help="plant also those with a result")
    parser.add_argument("--list", action="store_true", help="print the table and plant nothing")
    parser.add_argument("--skip-check", action="store_true", help="the tests are known to pass")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many at a time")
    asked = parser.parse_args(arguments)
    KEPT.mkdir(parents=True, exist_ok=True)
    plantation = Plantation(name, faults)
    plantation.check()
    numbers = {fault: number for number, fault in enumerate(faults, 1)}
    if asked.list:
        print("\n".join(f"{number:3} {fault}" for fault, number in numbers.items()))
        return 0
    wanted = [fault for fault in chosen(asked.only, faults) if not fault.equivalent]
    waiting = [fault for fault in wanted if asked.again or plantation.result(fault) is None]
    if waiting:
        plantation.make_copies(asked.jobs)
        if not asked.skip_check:
            plantation.require_passing(waiting)
    with ThreadPoolExecutor(asked.jobs) as pool:
        for fault, result in zip(waiting, pool.map(plantation.run, waiting), strict=True):
            words = f"caught by {result.caught_by}" if result.caught_by else "SURVIVED"
            print(f"{numbers[fault]:3} {fault}: {words} ({result.seconds:.0f} s)", flush=True)
    print(report(plantation))
    return int(any(not found.caught_by for found in map(plantation.result, wanted) if found))
