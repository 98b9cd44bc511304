"""Temporary folders of the private servers. Their names contain the process id of their owner.

A process killed with SIGKILL cannot remove its folder, so the next one to start does.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

from sandbox.servers.account import Account
from sandbox.servers.process import command_of

NAME = re.compile(r"campaign-server-(\d+)-")


def scratch_folder(account: Account | None = None, *, preferred: Path | None = None) -> Path:
    """Create a temporary folder that `account` owns and can reach, in `preferred` if it can reach that."""
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    places = [preferred, *places] if preferred else places
    location = next(
        (each for each in places if account is None or account.can_reach(each)), places[0]
    )
    remove_abandoned(location)
    folder = Path(tempfile.mkdtemp(prefix=f"campaign-server-{os.getpid()}-", dir=location))
    if account is not None:
        os.chown(folder, account.user, account.group)
    return folder


def remove_abandoned(location: Path) -> None:
    """Remove the folders of processes that no longer exist, unless a server there is still stopping."""
    for folder in location.glob("campaign-server-*"):
        owner = NAME.match(folder.name)
        if owner and not command_of(int(owner[1])) and not _in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _in_use(folder: Path) -> bool:
    for lock in folder.glob("server/cluster/postmaster.pid"):
        try:
            process = lock.read_text().split("\n", 1)[0]
        except OSError:  # it has just stopped, or belongs to another user
            return True
        if process.isdigit() and str(folder) in command_of(int(process)):
            return True
    return False
