"""Tests in another order each time (pytest-randomly), except that those of one running service stay together."""

from typing import Any

import pytest

TOGETHER = ("tests/journeys/",)
"""Folders with fixtures for the package: started once, not each time the order comes back to the folder."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    first: dict[str, int] = {}
    places = [first.setdefault(_group(item), place) for place, item in enumerate(items)]
    order = sorted(range(len(items)), key=places.__getitem__)
    items[:] = [items[place] for place in order]


def _group(item: pytest.Item) -> str:
    return next((one for one in TOGETHER if item.nodeid.startswith(one)), item.nodeid)


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    seed = config.getoption("randomly_seed", None)
    if exitstatus and isinstance(seed, int):
        terminalreporter.write_line(
            f"To repeat this order: --randomly-seed={seed}; for the order in the files: -p no:randomly"
        )
