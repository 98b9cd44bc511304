"""A pytest plugin: the garbage collector leaves alone what stays until the end, which is nearly everything.

A full collection looks at every test, every module and everything they hold: a tenth of the time of the whole suite.
"""

import gc

import pytest

THRESHOLDS = (10_000, 10, 10)
"""New objects before a collection of the young, and collections before one of the older; Python has 700, 10, 10."""


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
