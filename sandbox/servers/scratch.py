"""Temporary folders of the private servers, which carry their owner's process id in the name.

A process that is SIGKILLed cannot remove its own; the next one that starts does it.
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
    """A new private temporary folder that belongs to `account` and that it can reach; in `first` if it can."""
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
    """Folders whose maker is gone, and with it its servers, unless one is still ending."""
    for folder in location.glob("campaign-server-*"):
        owner = NAME.match(folder.name)
        if owner and not command_of(int(owner[1])) and not _in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _in_use(folder: Path) -> bool:
    for lock in folder.glob("server/cluster/postmaster.pid"):
        try:
            process = lock.read_text().split("\n", 1)[0]
        except OSError:  # it ended meanwhile, or is another user's
            return True
        if process.isdigit() and str(folder) in command_of(int(process)):
            return True
    return False
