"""Whether something waits in the database for another transaction."""

from concurrent.futures import Future
from typing import Any

from sqlalchemy import text

from campaign.runtime.context import Installation
from tests.support.waiting import wait_until


def waits_for_a_lock(installation: Installation, work: "Future[Any]") -> bool:
    """Return True once `work` in another thread waits for a row, a table or an advisory lock; False if it ends first.

    The work has to be the only one of this test's database that may wait.
    """
    wait_until(lambda: work.done() or _waiting(installation))
    return not work.done()


def _waiting(installation: Installation) -> int:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with installation.engine.connect() as connection:
        return int(connection.scalar(waiting) or 0)
