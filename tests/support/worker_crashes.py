"""Why a worker of pytest-xdist died: its exit status or signal, its test, its memory, and where its threads were.

pytest-xdist says only "worker 'gw0' crashed". Each worker writes tracebacks of a crash (faulthandler) into a file of
its own, because its standard error may be captured, and before each test what it uses of the memory.
"""

import faulthandler
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import psutil
import pytest

_FOLDER = pytest.StashKey[Path]()
_FILE = pytest.StashKey[TextIO]()
_REPORTS = pytest.StashKey[list[str]]()
_OUT_OF_MEMORY = pytest.StashKey[int]()

HARD_LIMIT_SECONDS = 120.0
"""How long after its time limit a test that no exception can end, because C code waits, ends with its worker."""
_MEBIBYTE = 1024**2


def limit_of(item: pytest.Item) -> float:
    """Return the time limit of a test in seconds; 0 is none. pytest-timeout ends the test then."""
    mark = item.get_closest_marker("timeout")
    if mark is not None:
        return float(mark.args[0] if mark.args else mark.kwargs["timeout"])
    given = item.config.getoption("timeout", None)
    return float(item.config.getini("timeout") or 0 if given is None else given)


# --- In a worker ------------------------------------------------------------------------------


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    name = getattr(config, "workerinput", {}).get("crash_report")
    if name is None:
        config.stash[_REPORTS] = []
        config.stash[_OUT_OF_MEMORY] = killed_for_memory()
        return
    config.stash[_FILE] = Path(name).open("w", encoding="utf-8")  # noqa: SIM115 - open until the worker ends
    faulthandler.enable(file=config.stash[_FILE], all_threads=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    file = item.config.stash.get(_FILE, None)
    if file is None:
        return (yield)
    Path(file.name).with_suffix(".now").write_text(f"{item.nodeid}\n{memory()}", encoding="utf-8")
    limit = limit_of(item)
    if limit:
        faulthandler.dump_traceback_later(limit + HARD_LIMIT_SECONDS, exit=True, file=file)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


def memory() -> str:
    used, left = psutil.Process().memory_info().rss, psutil.virtual_memory().available
    return f"it used {used // _MEBIBYTE} MiB, and {left // _MEBIBYTE} MiB were available"


# --- In the process that started the workers --------------------------------------------------


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    stash = node.config.stash
    if _FOLDER not in stash:
        stash[_FOLDER] = Path(tempfile.mkdtemp(prefix="crashes-"))
    node.workerinput["crash_report"] = str(stash[_FOLDER] / f"{node.gateway.id}.txt")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    if not error:
        return
    config = node.config
    report = why_it_died(node, config.stash[_FOLDER] / f"{node.gateway.id}.txt", config)
    config.stash[_REPORTS].append(report)
    config.pluginmanager.getplugin("terminalreporter").write_line(f"\n{report}", red=True)


def why_it_died(node: Any, file: Path, config: pytest.Config) -> str:
    """Return some lines about the end of a worker."""
    lines = [f"worker {node.gateway.id} {exit_of(node.gateway)}"]
    now = file.with_suffix(".now")
    if now.exists():
        test, used = now.read_text(encoding="utf-8").split("\n")
        lines.append(f"its test was {test}; at the start of it, {used}")
    killed = killed_for_memory() - config.stash[_OUT_OF_MEMORY]
    if killed:
        lines.append(
            f"the kernel has killed {killed} processes since the tests began: out of memory"
        )
    traceback = file.read_text(encoding="utf-8") if file.exists() else ""
    return "\n".join([*lines, traceback or "no traceback: it was killed, or ended by os._exit()"])


def exit_of(gateway: Any) -> str:
    """Return how the worker's process ended. execnet has no public way to its process."""
    process = getattr(getattr(gateway, "_io", None), "popen", None)
    if process is None:
        return "died"
    try:
        status = process.wait(timeout=60)
    except Exception:  # noqa: BLE001 - a report must not fail the run that it reports
        return "closed its connection, but still runs"
    if status >= 0:
        return f"ended with exit status {status}"
    return f"was killed by {signal.Signals(-status).name}"


def killed_for_memory() -> int:
    """Return how many processes the kernel has killed for memory since it started; 0 if it does not say."""
    counted = Path("/proc/vmstat")
    lines = counted.read_text(encoding="ascii").splitlines() if counted.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for report in config.stash.get(_REPORTS, []):
        terminalreporter.section("why a worker died", red=True)
        terminalreporter.write_line(report)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _FILE in config.stash:
        faulthandler.disable()
        config.stash[_FILE].close()
    if _FOLDER in config.stash:
        shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)
