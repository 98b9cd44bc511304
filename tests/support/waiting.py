"""Wait for other threads or processes."""

import time
from collections.abc import Callable


def wait_until(holds: Callable[[], object], seconds: float = 60.0) -> None:
    """Return as soon as `holds()`. Fail after `seconds`, which is for a machine that is busy with other work."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"it did not happen within {seconds:.0f} seconds"
        time.sleep(0.02)
