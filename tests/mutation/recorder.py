"""A pytest plugin: write down how long each test took, and which modules were imported."""

import json
import os
import sys
from collections import defaultdict
from pathlib import Path

import pytest

_seconds: dict[str, float] = defaultdict(float)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid] += report.duration


def pytest_sessionfinish() -> None:
    Path(os.environ["RECORDED_DURATIONS"]).write_text(json.dumps(_seconds))
    Path(os.environ["RECORDED_MODULES"]).write_text("\n".join(sorted(sys.modules)))
