"""Plant one fault after another in copies of the project, and run the tests that run the faulty line."""

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from difflib import unified_diff
from pathlib import Path
from types import TracebackType
from typing import Self

from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult

from tests.mutation.mutants import mutants, mutated
from tests.mutation.relevant_tests import RelevantTests, measure
from tests.mutation.rooms import Room
from tests.mutation.session import digest, session
from tests.support.databases import shared_databases

ROOT = Path(__file__).resolve().parents[2]
NO_TESTS = 5
"""The exit status of pytest if there was nothing to run: https://docs.pytest.org/en/stable/reference/exit-codes.html."""
SECONDS = 120.0
TIMES_SLOWER = 10
"""A mutant that still runs after SECONDS and TIMES_SLOWER times as long as its tests took without a fault never ends.

With less time, a machine that became busy would count as having noticed.
"""


def run_room(name: str, room: Room, *, most: int | None, copies: int) -> None:
    """Test the room's pending mutants, at most `most`, in `copies` copies of the project at once."""
    folder = ROOT / "var" / "mutation" / name
    items = list(mutants(room.paths(ROOT), ROOT))
    with session(folder, items, digest(ROOT, room.tests)) as database:
        pending = list(database.pending_work_items)[:most]
        print(f"{name}: {len(items)} mutants, {len(pending)} to test", flush=True)
        if pending:
            with _workspaces(copies) as workspaces, shared_databases() as lent:
                environment = {**os.environ, **lent, "PYTHONDONTWRITEBYTECODE": "1"}
                relevant = measure(workspaces[0], room.tests, environment)
                _test_all(database, pending, workspaces, relevant, environment)


@contextmanager
def _workspaces(copies: int) -> Iterator[list[Path]]:
    """Return copies of the files that git knows, as they are now."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as another user
        made = [Path(folder) / str(number) for number in range(copies)]
        for workspace in made:
            for file in filter(lambda name: (ROOT / name).is_file(), listed):
                (workspace / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / file, workspace / file)
        yield made


def _test_all(
    database: WorkDB,
    pending: list[WorkItem],
    workspaces: list[Path],
    relevant: RelevantTests,
    environment: dict[str, str],
) -> None:
    waiting: queue.SimpleQueue[WorkItem] = queue.SimpleQueue()
    for item in pending:
        waiting.put(item)
    done: queue.SimpleQueue[tuple[WorkItem, WorkResult] | BaseException] = queue.SimpleQueue()

    def work(workspace: Path) -> None:
        try:
            with Worker(workspace, workspaces[0] / "modules.txt", environment) as worker:
                while not waiting.empty():
                    item = waiting.get()
                    done.put((item, worker.test(item, relevant)))
        except BaseException as error:  # noqa: BLE001 # raised again in the main thread
            done.put(error)

    for workspace in workspaces:
        threading.Thread(target=work, args=(workspace,), daemon=True).start()
    for number in range(len(pending)):
        ended = done.get()
        if isinstance(ended, BaseException):
            raise ended
        item, result = ended
        database.set_result(item.job_id, result)
        (mutation,) = item.mutations
        where = f"{mutation.module_path}:{mutation.start_pos[0]}"
        print(f"{number + 1}/{len(pending)} {result.test_outcome.value} {where}", flush=True)


class Worker:
    """A warm process in one workspace, which runs tests in forks of itself."""

    def __init__(self, workspace: Path, modules: Path, environment: dict[str, str]) -> None:
        self._workspace = workspace
        self._command = [sys.executable, "tests/mutation/worker.py", str(modules)]
        self._environment = environment

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._process = stack.enter_context(
                subprocess.Popen(
                    self._command,
                    cwd=self._workspace,
                    env=self._environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    bufsize=1,
                )
            )
            assert self._read() == "ready"
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._stack.close()

    def _read(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def test(self, item: WorkItem, relevant: RelevantTests) -> WorkResult:
        """Plant the fault, run the tests that run its lines, and take the fault back."""
        (mutation,) = item.mutations
        module = self._workspace / mutation.module_path
        source = module.read_text()
        changed = mutated(source, mutation)
        name = str(mutation.module_path)
        tests = relevant.of(name, mutation.start_pos[0], mutation.end_pos[0])
        if changed is None:
            return WorkResult(WorkerOutcome.NO_TEST, "no difference", TestOutcome.INCOMPETENT)
        difference = unified_diff(
            source.splitlines(), changed.splitlines(), f"a/{name}", f"b/{name}", lineterm=""
        )
        diff = "\n".join(difference)
        if not tests:
            return WorkResult(WorkerOutcome.NORMAL, "no test", TestOutcome.SURVIVED, diff)
        module.write_text(changed)
        try:
            usual = sum(relevant.seconds.get(test, 0.0) for test in tests)
            status, output = self._run(tests, SECONDS + TIMES_SLOWER * usual)
        finally:
            module.write_text(source)
        outcome = TestOutcome.SURVIVED if status == 0 else TestOutcome.KILLED
        return WorkResult(WorkerOutcome.NORMAL, output, outcome, diff)

    def _run(self, tests: list[str], seconds: float) -> tuple[int, str]:
        output = self._workspace / "output.txt"
        request = {"tests": tests, "seconds": seconds, "output": str(output)}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        status = int(self._read())
        text = output.read_text(errors="replace")
        if status == NO_TESTS:
            raise RuntimeError(f"pytest could not run the tests: {text[-2000:]}")
        return status, f"{len(tests)} tests\n{text[-1500:]}"
