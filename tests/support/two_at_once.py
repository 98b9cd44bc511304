"""Two transactions of which the second has to wait for the first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tests.support.row_examples.rows import Rows
from tests.support.waiting import wait_until

Result = TypeVar("Result")


def after_the_first(
    rows: Rows, first: Callable[[Rows], None], second: Callable[[Rows], Result]
) -> Result:
    """Run `first`; run `second` in another transaction, and commit the first once the second waits for it.

    Return what `second` returned. If it does not wait, it ends before the first is committed.
    """
    with rows.beside() as one, rows.beside() as other, ThreadPoolExecutor(1) as thread:
        first(one)
        running = thread.submit(second, other)
        waiting = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"
        pid = other.connection.info.backend_pid
        wait_until(lambda: running.done() or rows.value(waiting, pid))
        one.connection.commit()
        result = running.result()
        other.connection.commit()
        return result
