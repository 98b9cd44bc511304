"""A pytest plugin: with several workers, one PostgreSQL server and one template for all of them."""

import os
from contextlib import ExitStack

import pytest

from tests.support.databases import SERVER, shared_databases

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


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server after the workers."""
    if stack := config.stash.get(_lent, None):
        stack.close()
