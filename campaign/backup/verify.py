"""Open a backup and verify all of it before any row is used. `campaign.cli.database` and `restore` call it."""

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
    # zipfile raises it if the damage looks like an unknown compression method or a password.
    RuntimeError,
)


@dataclass(frozen=True)
class Archive:
    """A backup that is complete and matches this version of the service."""

    path: Path
    manifest: Manifest
    _zip: zipfile.ZipFile

    def blocks(self, part: TableDump) -> Iterator[bytes]:
        """Yield the text of a table in blocks; raises CampaignError if it cannot be read."""
        try:
            with self._zip.open(part.name) as text:
                while block := text.read(BLOCK):
                    yield block
        except (*CORRUPTION_ERRORS, OSError):
            raise CampaignError(_damaged(self.path, f"{part.table} cannot be read")) from None


@contextmanager
def open_archive(path: Path, revision: str, report: ReportProgress) -> Iterator[Archive]:
    """Open the backup at `path` and check every byte; raises CampaignError unless it is complete and at `revision`."""
    with _opened(path) as opened:
        try:
            fields = _manifest_fields(opened)
        except CORRUPTION_ERRORS:
            raise CampaignError(_damaged(path, "its manifest cannot be read")) from None
        _check_kind(path, fields, revision)
        try:
            archive = Archive(path, manifest_of(fields), opened)
        except CORRUPTION_ERRORS:
            raise CampaignError(_damaged(path, "its manifest is incomplete")) from None
        _check_parts(path, archive, opened.namelist())
        for part in archive.manifest.parts:
            _check_part(path, archive, part, report)
        yield archive


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        opened = zipfile.ZipFile(path)
    except OSError as error:
        raise CampaignError(f"Cannot read {path}: {error.strerror}.") from None
    except CORRUPTION_ERRORS:
        raise CampaignError(_damaged(path, "it is not a complete backup file")) from None
    with opened:
        yield opened


def _manifest_fields(opened: zipfile.ZipFile) -> dict[str, Any]:
    if opened.getinfo(NAME).file_size > MAX_BYTES:
        raise ValueError
    fields = json.loads(opened.read(NAME))
    if not isinstance(fields, dict):
        raise TypeError
    return fields


def _check_kind(path: Path, fields: dict[str, Any], revision: str) -> None:
    version = fields.get("version")
    if fields.get("kind") != KIND or not isinstance(version, int):
        raise CampaignError(f"{path} is not a backup of this service.")
    if version > VERSION:
        raise CampaignError(
            f"{path} was made by a newer version of this service. Restore it with that version."
        )
    if fields.get("revision") != revision:
        raise CampaignError(
            f"{path} is at migration {fields.get('revision')}, but this version of the service is at {revision}."
            " Restore it with the version that made it, then upgrade."
        )


def _check_parts(path: Path, archive: Archive, names: list[str]) -> None:
    parts = archive.manifest.parts
    expected = [(table.name, columns_of(table)) for table in backed_up_tables()]
    if [(part.table, part.columns) for part in parts] != expected:
        raise CampaignError(_damaged(path, "its tables do not match its migration"))
    if sorted(names) != sorted([NAME, *(part.name for part in parts)]):
        raise CampaignError(_damaged(path, "a table is missing or there are extra files"))


def _check_part(path: Path, archive: Archive, part: TableDump, report: ReportProgress) -> None:
    digest, rows = hashlib.sha256(), 0
    for block in archive.blocks(part):
        digest.update(block)
        rows += block.count(b"\n")
        report(f"{part.table}, checked", rows)
    if (digest.hexdigest(), rows) != (part.sha256, part.rows):
        raise CampaignError(_damaged(path, f"the checksum of {part.table} does not match"))


def _damaged(path: Path, how: str) -> str:
    return f"{path} is damaged ({how}). Nothing was restored. Use another copy."
