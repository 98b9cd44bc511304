"""Whatever happens to many gifts, and in whatever order it is reported, the books end up correct.

`HYPOTHESIS_PROFILE=long` searches for about 15 minutes. In the suite, the search is short and random each time.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from campaign.core.settings import Settings
from campaign.runtime.context import make_installation
from tests.histories.machine import Histories, Worlds
from tests.histories.world import World
from tests.support.databases import Databases

# Each example creates a database and runs threads, so it takes seconds, and it draws many small choices.
_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
PROFILES = {
    "suite": settings(max_examples=10, stateful_step_count=12, suppress_health_check=_SLOW),
    "long": settings(max_examples=200, stateful_step_count=30, suppress_health_check=_SLOW),
}
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "suite")


@pytest.fixture
def worlds(databases: Databases, template: str, settings: Settings) -> Worlds:
    """Return a function that creates an empty world in its own database."""

    @contextmanager
    def opened() -> Iterator[World]:
        name = databases.create(template)
        address = databases.address(name).replace("postgresql://", "postgresql+psycopg://", 1)
        installation = make_installation(replace(settings, database_url=address))
        try:
            yield World(installation)
        finally:
            installation.engine.dispose()
            databases.drop(name)

    return opened


@pytest.mark.timeout(
    0 if PROFILE == "long" else 900
)  # ten examples of up to twelve steps; "long" takes its time
def test_every_history_ends_with_correct_books(worlds: Worlds) -> None:
    class HistoriesHere(Histories):
        def __init__(self) -> None:
            super().__init__(worlds)

    run_state_machine_as_test(HistoriesHere, settings=PROFILES[PROFILE])
    print(f"tried: {dict(Histories.tried.most_common())}")
