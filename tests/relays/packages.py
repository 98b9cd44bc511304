"""Debian's mail servers, each unpacked into a folder of its own: they cannot be installed together."""

import os
import subprocess
from pathlib import Path

FOLDER = Path(os.environ.get("MAIL_SERVERS") or Path(__file__).parents[2] / ".tools" / "relays")
"""Where they are unpacked; MAIL_SERVERS names another folder."""
SERVERS = {
    "postfix": ["postfix"],
    "exim": ["exim4-daemon-light", "libidn12"],
    "opensmtpd": ["opensmtpd", "libevent-2.1-7"],
}
"""The packages of each server: its own, and the libraries that a machine may lack."""


def unpacked(server: str) -> list[Path]:
    """Return the folders of the server's packages, its own first; [] if they are not there."""
    folders = [FOLDER / package for package in SERVERS[server]]
    return folders if all(folder.is_dir() for folder in folders) else []


def install() -> None:
    """Download and unpack all of them. Nothing of the machine changes."""
    downloads = FOLDER / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    for packages in SERVERS.values():
        subprocess.run(["apt-get", "download", "-q", *packages], cwd=downloads, check=True)
        for package in packages:
            [archive] = downloads.glob(f"{package}_*.deb")
            subprocess.run(["dpkg", "-x", archive, FOLDER / package], check=True)


def missing(server: str) -> str:
    """Return why the server cannot run here, or ''."""
    if not unpacked(server):
        return f"{server} is not in {FOLDER}: as root on Debian, `python -m tests.relays install`"
    if os.geteuid() != 0:
        return f"{server} needs root"
    probe = ["unshare", "--mount", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        return f"{server} needs its own view of the file system, which `unshare --mount` may not make here"
    return ""
