"""How `./dev exec` finds a running `./dev run`: a lock file and its environment in DIR.

`sandbox.run` writes it and `./dev exec` reads it, so this module uses only the standard library.
The lock, not the process id, shows whether a run is alive: the kernel releases it with the process,
and process ids are reused.
"""

import fcntl
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

LOCK_SECONDS = 2.0  # a reader holds the lock only briefly


class AlreadyRunningError(RuntimeError):
    """Another run is using this folder."""


class RunRecord:
    """Lock DIR for one run: `with RunRecord(DIR) as record: record.publish({...})`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = -1

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(_lock_path(self._folder), os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + LOCK_SECONDS
        while not _locked(self._lock, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                os.close(self._lock)
                raise AlreadyRunningError(f"{self._folder} is already in use by another run")
            time.sleep(0.05)
        _record_path(self._folder).unlink(missing_ok=True)  # left by a run that was killed
        return self

    def publish(self, environment: Mapping[str, str]) -> None:
        """Write the environment for `./dev exec`. Only the owner can read it, because it holds secrets."""
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
    """Return the environment of the run that uses `folder`, or {} if there is none."""
    try:
        lock = os.open(_lock_path(folder), os.O_RDWR)
    except FileNotFoundError:
        return {}
    try:
        if _locked(lock, fcntl.LOCK_SH):
            return {}  # the lock is free, so any record was left by a run that was killed
        record = json.loads(_record_path(folder).read_text())
        os.kill(record["pid"], 0)
        environment: dict[str, str] = record["environment"]
        return environment
    except (FileNotFoundError, ProcessLookupError):  # it is starting or stopping
        return {}
    finally:
        os.close(lock)


def completed(environment: Mapping[str, str], stand_ins: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` plus each variable of `stand_ins` that it does not set, as NAME or NAME_FILE."""
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
