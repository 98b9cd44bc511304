"""Opens a backup and checks all of it before anyone believes a row. `campaign.cli.database` and restoring call it."""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaign.backup.manifest import (
    KIND,
    MAX_BYTES,
    NAME,
    VERSION,
    Manifest,
    TableDump,
    backed_up_tables,
    columns_of,
    manifest_of,
)
from campaign.backup.raw_connection import ReportProgress
from campaign.core.errors import CampaignError

BLOCK = 1 << 18
CORRUPTION_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    TypeError,
    ValueError,
    # What zipfile raises for a method of compression or a password that damage has made up.
    RuntimeError,
)


@dataclass(frozen=True)
class Archive:
    """A backup that is whole and fits this version of the service."""

    path: Path
    manifest: Manifest
    _zip: zipfile.ZipFile

    def blocks(self, part: TableDump) -> Iterator[bytes]:
        """The text of a table, in pieces; raises CampaignError where it cannot be read."""
        try:
            with self._zip.open(part.name) as text:
                while block := text.read(BLOCK):
                    yield block
        except (*CORRUPTION_ERRORS, OSError):
            raise CampaignError(_damaged(self.path, f"{part.table} cannot be read")) from None


@contextmanager
def open_archive(path: Path, revision: str, report_progress: ReportProgress) -> Iterator[Archive]:
    """The backup at `path`, checked to its last byte; raises CampaignError unless it is whole and of `revision`."""
    with _opened(path) as opened:
        try:
            told = _told(opened)
        except CORRUPTION_ERRORS:
            raise CampaignError(_damaged(path, "its manifest cannot be read")) from None
        _check_kind(path, told, revision)
        try:
            archive = Archive(path, manifest_of(told), opened)
        except CORRUPTION_ERRORS:
            raise CampaignError(_damaged(path, "its manifest is not complete")) from None
        _check_parts(path, archive, opened.namelist())
        for part in archive.manifest.parts:
            _check_part(path, archive, part, report_progress)
        yield archive


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        opened = zipfile.ZipFile(path)
    except OSError as error:
        raise CampaignError(f"{path} cannot be read: {error.strerror}.") from None
    except CORRUPTION_ERRORS:
        raise CampaignError(_damaged(path, "it is not a whole backup file")) from None
    with opened:
        yield opened


def _told(opened: zipfile.ZipFile) -> dict[str, Any]:
    if opened.getinfo(NAME).file_size > MAX_BYTES:
        raise ValueError
    told = json.loads(opened.read(NAME))
    if not isinstance(told, dict):
        raise TypeError
    return told


def _check_kind(path: Path, told: dict[str, Any], revision: str) -> None:
    version = told.get("version")
    if told.get("kind") != KIND or not isinstance(version, int):
        raise CampaignError(f"{path} is no backup of this service.")
    if version > VERSION:
        raise CampaignError(
            f"{path} was made by a newer version of this service: restore it with that version."
        )
    if told.get("revision") != revision:
        raise CampaignError(
            f"{path} is of the tables' revision {told.get('revision')}, this version of the service of {revision}:"
            " restore it with the version that made it, then upgrade."
        )


def _check_parts(path: Path, archive: Archive, names: list[str]) -> None:
    parts = archive.manifest.parts
    expected = [(table.name, columns_of(table)) for table in backed_up_tables()]
    if [(part.table, part.columns) for part in parts] != expected:
        raise CampaignError(_damaged(path, "its tables are not those of its revision"))
    if sorted(names) != sorted([NAME, *(part.name for part in parts)]):
        raise CampaignError(_damaged(path, "it lacks a table or holds what does not belong"))


def _check_part(
    path: Path, archive: Archive, part: TableDump, report_progress: ReportProgress
) -> None:
    digest, rows = hashlib.sha256(), 0
    for block in archive.blocks(part):
        digest.update(block)
        rows += block.count(b"\n")
        report_progress(f"{part.table}, checked", rows)
    if (digest.hexdigest(), rows) != (part.sha256, part.rows):
        raise CampaignError(_damaged(path, f"{part.table} is not what was written"))


def _damaged(path: Path, how: str) -> str:
    return f"{path} is damaged ({how}); nothing was restored. Take another copy."
