"""A pytest plugin: one PostgreSQL server and one template for all workers, and one worker more than processors."""

import os
from contextlib import ExitStack

import pytest

from tests.support.databases import SERVER, shared_databases

MANY = "PYTEST_XDIST_AUTO_NUM_WORKERS"
_lent = pytest.StashKey[ExitStack]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start the server before the workers start, which inherit the environment."""
    if hasattr(config, "workerinput") or config.getoption("dist", "no") == "no":
        return
    if "DATABASE_URL" in os.environ or SERVER in os.environ or config.option.collectonly:
        return
    stack = config.stash.setdefault(_lent, ExitStack())
    os.environ.update(stack.enter_context(shared_databases()))


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """With `-n auto`, let another worker use the time in which one waits for a server, a browser or a process."""
    if MANY in os.environ:
        return None
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else None


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server after the workers."""
    if stack := config.stash.get(_lent, None):
        stack.close()
