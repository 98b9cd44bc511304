"""The test run itself: a worker that dies says why, a test has a time limit, and the order can be repeated."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = [
    "xdist",
    "timeout",
    "randomly",
    "tests.support.worker_crashes",
    "tests.support.random_order",
]


def output_of(folder: Path, code: str, *options: str) -> str:
    """Run a test module in its own pytest, which fails, and return what that prints."""
    (folder / "pytest.ini").write_text("[pytest]\ntimeout = 60\ntimeout_method = signal\n")
    (folder / "test_it.py").write_text(f"import ctypes, os, signal, time\nimport pytest\n{code}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *(f"-p{name}" for name in PLUGINS), *options, "."],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "worker gw0 was killed by SIGKILL"),
        ("os._exit(3)", "worker gw0 ended with exit status 3"),
        ("ctypes.string_at(0)", "worker gw0 was killed by SIGSEGV"),
    ],
)
def test_a_worker_that_dies_says_why(tmp_path: Path, code: str, why: str) -> None:
    printed = output_of(tmp_path, f"def test_dies(): {code}\n", "-n", "1")
    summary = printed[printed.index("why a worker died") :]
    assert why in summary
    assert "its test was test_it.py::test_dies; at the start of it, it used" in summary
    assert ("in test_dies" in summary) == ("string_at" in code)
    assert "no traceback" in summary or "string_at" in code


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_test_beyond_its_time_limit_fails_alone(tmp_path: Path, workers: str) -> None:
    code = "def test_fine(): pass\n@pytest.mark.timeout(0.2)\ndef test_hangs(): time.sleep(100)\n"
    printed = output_of(tmp_path, code, "-n", workers)
    assert "Timeout (>0.2s)" in printed
    assert "1 failed, 1 passed" in printed
    assert "why a worker died" not in printed


def test_a_test_that_no_exception_can_end_ends_with_its_worker(tmp_path: Path) -> None:
    """The C code here waits again after each signal, as a lock in a library might."""
    (tmp_path / "conftest.py").write_text(
        "import tests.support.worker_crashes as c\nc.HARD_LIMIT_SECONDS = 1\n"
    )
    code = (
        "@pytest.mark.timeout(1)\ndef test_hangs():\n"
        "    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n    time.sleep(100)\n"
    )
    printed = output_of(tmp_path, code, "-n", "1")
    assert "worker gw0 ended with exit status 1" in printed
    assert "in test_hangs" in printed[printed.index("why a worker died") :]


def test_a_failure_says_how_to_repeat_the_order(tmp_path: Path) -> None:
    code = "".join(f"def test_{number}(): assert {number} != 3\n" for number in range(8))
    first = output_of(tmp_path, code, "-v", "-p", "no:cacheprovider", "-n", "0")
    seed = first.split("--randomly-seed=")[-1].split(";")[0]
    again = output_of(tmp_path, code, "-v", "-n", "0", f"--randomly-seed={seed}")
    assert order_of(first) == order_of(again)
    assert sorted(order_of(first)) == sorted({*order_of(first)})


def order_of(printed: str) -> list[str]:
    """Return the tests in the order in which they ran."""
    return [line.split()[0] for line in printed.splitlines() if "[ " in line or "[100%]" in line]


def test_tests_of_one_running_service_stay_together(tmp_path: Path) -> None:
    folder = tmp_path / "tests/journeys"
    folder.mkdir(parents=True)
    for number in range(6):
        (folder / f"test_j{number}.py").write_text("def test_one(): pass\n")
        (tmp_path / f"test_o{number}.py").write_text("def test_one(): pass\n")
    printed = output_of(tmp_path, "def test_fails(): assert False\n", "-v", "-n", "0")
    journeys = ["journeys" in test for test in order_of(printed)]
    assert sum(journeys) == 6
    assert journeys.index(True) + 6 == len(journeys) - journeys[::-1].index(True)
