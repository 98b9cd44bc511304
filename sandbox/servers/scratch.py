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


def scratch_folder(account: Account | None = None, *, first: Path | None = None) -> Path:
    """A new private temporary folder that belongs to `account` and that it can reach; in `first` if it can."""
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    places = [first, *places] if first else places
    place = next((each for each in places if account is None or account.reaches(each)), places[0])
    remove_abandoned(place)
    folder = Path(tempfile.mkdtemp(prefix=f"campaign-server-{os.getpid()}-", dir=place))
    if account is not None:
        os.chown(folder, account.user, account.group)
    return folder


def remove_abandoned(place: Path) -> None:
    """Folders whose maker is gone, and with it its servers, unless one is still ending."""
    for folder in place.glob("campaign-server-*"):
        made_by = NAME.match(folder.name)
        if made_by and not command_of(int(made_by[1])) and not _in_use(folder):
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
