"""What a running `./dev run` leaves for `./dev exec`: its lock and its environment, in DIR.

`sandbox.run` writes it, `./dev exec` reads it, which is why only the standard library is used here.
The lock, not the process id, decides whether a run lives: the kernel drops it with the process,
and ids are used again.
"""

import fcntl
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

PATIENCE = 0.5  # seconds; a reader holds the lock for a moment only


class AlreadyRunningError(RuntimeError):
    """Another run holds this folder."""


class RunRecord:
    """Holds DIR for one run: `with RunRecord(DIR) as record: record.publish({...})`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = -1

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(_lock_path(self._folder), os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + PATIENCE
        while not _locked(self._lock, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                os.close(self._lock)
                raise AlreadyRunningError(f"a run is using {self._folder} already")
            time.sleep(0.05)
        _record_path(self._folder).unlink(missing_ok=True)  # of a run that was killed
        return self

    def publish(self, environment: Mapping[str, str]) -> None:
        """Tells `./dev exec` of the stand-ins. It holds secrets, so only the owner may read it."""
        path = _record_path(self._folder)
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        content = json.dumps({"pid": os.getpid(), "environment": dict(environment)}, indent=2)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
        unfinished.replace(path)

    def __exit__(self, *_: object) -> None:
        _record_path(self._folder).unlink(missing_ok=True)
        os.close(self._lock)


def environment_of_run(folder: Path) -> dict[str, str]:
    """The stand-ins of the run that holds `folder` now; nothing when none does."""
    try:
        lock = os.open(_lock_path(folder), os.O_RDWR)
    except FileNotFoundError:
        return {}
    try:
        if _locked(lock, fcntl.LOCK_SH):
            return {}  # nobody holds it: whatever is written there is of a run that was killed
        record = json.loads(_record_path(folder).read_text())
        os.kill(record["pid"], 0)
        environment: dict[str, str] = record["environment"]
        return environment
    except (FileNotFoundError, ProcessLookupError):  # it is starting or ending
        return {}
    finally:
        os.close(lock)


def completed(environment: Mapping[str, str], stand_ins: Mapping[str, str]) -> dict[str, str]:
    """`environment` and, for what it does not set, the stand-ins. `NAME_FILE` sets NAME too."""
    missing = {
        name: value
        for name, value in stand_ins.items()
        if not environment.get(name) and not environment.get(f"{name}_FILE")
    }
    return dict(environment) | missing


def _locked(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_path(folder: Path) -> Path:
    return folder / "run.lock"


def _record_path(folder: Path) -> Path:
    return folder / "run.json"
