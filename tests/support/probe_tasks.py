"""The service's Celery application with a task whose course a test can see: `celery -A tests.support.probe_tasks`.

PROBE_FOLDER names a folder for its marks.
"""

import os
import time
from pathlib import Path

from workers.app import app

NAME = "tests.probe"
FOLDER = Path(os.environ["PROBE_FOLDER"])


@app.task(name=NAME)  # type: ignore[untyped-decorator] # Celery has no types
def probe() -> None:
    """Write a mark of this process, wait until the file `go` exists, and write the mark `done`."""
    (FOLDER / f"began-{os.getpid()}").touch()
    while not (FOLDER / "go").exists():
        time.sleep(0.02)
    (FOLDER / f"done-{os.getpid()}").touch()


__all__ = ["app"]
