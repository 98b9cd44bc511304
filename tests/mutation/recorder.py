"""A pytest plugin: write down how long each test took, and which modules were imported."""

import json
import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

_seconds: dict[str, float] = {}


def _used() -> float:
    """Return the processor's seconds of this process and its ended children: a busy machine changes little of them."""
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    before = _used()
    try:
        return (yield)
    finally:
        _seconds[item.nodeid] = _used() - before


def pytest_sessionfinish() -> None:
    Path(os.environ["RECORDED_DURATIONS"]).write_text(json.dumps(_seconds))
    Path(os.environ["RECORDED_MODULES"]).write_text("\n".join(sorted(sys.modules)))
