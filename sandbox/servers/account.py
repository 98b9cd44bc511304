"""The unprivileged account that runs PostgreSQL when the current user is root."""

import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

NAMES = ("postgres", "_postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user id and its primary group id."""

    user: int
    group: int

    def take_ownership(self, path: Path) -> None:
        """Make this account the owner of `path` and everything below it."""
        os.chown(path, self.user, self.group)
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(Path(folder, name), self.user, self.group, follow_symlinks=False)

    def can_reach(self, path: Path) -> bool:
        """Return whether this account can enter the existing folder `path` and every folder above it."""
        real = path.resolve()
        return all(self._may_enter(folder) for folder in (real, *real.parents))

    def _may_enter(self, folder: Path) -> bool:
        state = folder.stat()
        if state.st_uid == self.user:
            return bool(state.st_mode & stat.S_IXUSR)
        if state.st_gid == self.group:
            return bool(state.st_mode & stat.S_IXGRP)
        return bool(state.st_mode & stat.S_IXOTH)


def unprivileged() -> Account | None:
    """Return the account that runs PostgreSQL, or None for the current user unless that is root."""
    if os.geteuid() != 0:
        return None
    for name in NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid:
            return Account(entry.pw_uid, entry.pw_gid)
    return Account(65534, 65534)


def copy_readable(source: Path, destination: Path) -> None:
    """Copy a folder of programs so that any account can read and run them."""
    shutil.copytree(source, destination, symlinks=True)
    destination.chmod(0o755)
    for folder, folders, files in os.walk(destination):
        for name in (*folders, *files):
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
