"""Runs the tests of one mutant after another, each in a fork of a process that has imported the libraries already.

Read from standard input: one JSON object a line, `{"tests": [ids], "seconds": limit, "output": file}`. Printed: the
exit status of pytest, or -1 if the limit passed. The project's own modules are not imported before the fork, so each
mutant is what lies on the disk.
"""

import contextlib
import importlib
import json
import os
import select
import signal
import sys
from pathlib import Path

OURS = ("campaign", "workers", "tests", "sandbox", "bench", "__main__", "conftest")


def main() -> None:
    """Serve requests until the input ends. The first argument names a file with the modules to import."""
    for name in Path(sys.argv[1]).read_text().split():
        if not name.startswith(OURS):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    print("ready", file=answers)
    for line in sys.stdin:
        request = json.loads(line)
        print(run(request["tests"], request["seconds"], request["output"]), file=answers)


def run(tests: list[str], seconds: float, output: str) -> int:
    """Run the tests in a fork, with its own process group, and return pytest's exit status."""
    child = os.fork()
    if child == 0:
        os.setsid()
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(file, stream)
        import pytest

        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--no-header", "-n0"]
        status = 70
        with contextlib.suppress(BaseException):
            status = int(pytest.main([*options, *tests]))
        os._exit(status)
    return wait(child, seconds)


def wait(child: int, seconds: float) -> int:
    """Return the child's exit status, or -1 after killing its group at the limit."""
    descriptor = os.pidfd_open(child)
    try:
        if not select.select([descriptor], [], [], seconds)[0]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return -1
    finally:
        os.close(descriptor)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)  # servers that the tests started
    return status


if __name__ == "__main__":
    main()
