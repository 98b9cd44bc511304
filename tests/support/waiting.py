"""Wait for other threads or processes."""

import time
from collections.abc import Callable

from sqlalchemy import text

from campaign.runtime.context import Installation


def wait_until(holds: Callable[[], object], seconds: float = 60.0) -> None:
    """Return as soon as `holds()`. Fail after `seconds`, which is for a machine that is busy with other work."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"it did not happen within {seconds:.0f} seconds"
        time.sleep(0.02)


def someone_waits(installation: Installation) -> bool:
    """Return whether a connection to the test's database waits for a lock."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with installation.engine.connect() as connection:
        return bool(connection.scalar(query))
