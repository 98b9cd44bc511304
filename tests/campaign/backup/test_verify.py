"""Every byte of a backup is checked before any row of it is used."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

import pytest

from campaign.backup import verify
from campaign.backup.dump import make_backup
from campaign.backup.manifest import MAX_BYTES
from campaign.backup.verify import open_archive
from campaign.core.clock import now
from campaign.core.errors import CampaignError
from campaign.models import Note
from campaign.runtime.context import Installation
from tests.support.backups import change_manifest, corrupt_byte, rewrite
from tests.support.raw_sql import insert
from tests.support.stripe import Facts

REVISION = "0025"


def quiet(name: str, rows: int) -> None:
    """A progress callback that does nothing."""


@pytest.fixture
def backup(installation: Installation, paid: Facts, tmp_path: Path) -> Path:
    """A complete backup with one gift."""
    return made(installation, tmp_path / "made.backup")


def made(installation: Installation, path: Path) -> Path:
    """Write a backup of the installation."""
    with path.open("wb") as file, installation.sessions() as session:
        make_backup(session, file, REVISION, now(), quiet)
    return path


def refusal(path: Path, revision: str = REVISION) -> str:
    """Return the error on opening it, without its path at the start; '' if there is none."""
    try:
        with open_archive(path, revision, quiet):
            return ""
    except CampaignError as refused:
        return str(refused).removeprefix(str(path)).strip()


def held_in(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def manifest_of_table(shown: dict[str, object], table: str) -> dict[str, object]:
    parts = shown["parts"]
    assert isinstance(parts, list)
    (found,) = (part for part in parts if part["table"] == table)
    return found


def test_a_complete_backup_opens_and_yields_the_text_of_each_table(backup: Path) -> None:
    shown: list[tuple[str, int]] = []
    with open_archive(backup, REVISION, lambda *done: shown.append(done)) as archive:
        parts = {part.table: part for part in archive.manifest.parts}
        text = b"".join(archive.blocks(parts["donation"]))
    assert b"ana@example.org" in text
    assert ("donation, checked", 1) in shown


def test_a_different_migration_is_named_with_the_expected_one(backup: Path) -> None:
    assert refusal(backup, "0026") == (
        "is at migration 0025, but this version of the service is at 0026."
        " Restore it with the version that made it, then upgrade."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"version": 2},
            "was made by a newer version of this service. Restore it with that version.",
        ),
        ({"version": "1"}, "is not a backup of this service."),
        ({"kind": None}, "is not a backup of this service."),
        ({"made_at": "yesterday"}, "is damaged (its manifest is incomplete)"),
        ({"parts": []}, "is damaged (its tables do not match its migration)"),
    ],
)
def test_a_foreign_manifest_is_rejected(
    backup: Path, changes: dict[str, object], said: str
) -> None:
    change_manifest(backup, **changes)
    assert refusal(backup).startswith(said)


@pytest.mark.parametrize(
    "manifest",
    [b"", b"[]", b"\xff", b"{}" + b" " * MAX_BYTES, b"[" * 100_000],
    ids=["empty", "list", "bytes", "too long", "too deep"],
)
def test_an_unreadable_manifest_is_damage(backup: Path, manifest: bytes) -> None:
    rewrite(backup, held_in(backup) | {"manifest.json": manifest})
    assert refusal(backup).startswith("is damaged (its manifest cannot be read)")


def test_a_manifest_of_a_megabyte_is_read_and_a_longer_one_is_not(backup: Path) -> None:
    held = held_in(backup)
    padded = held["manifest.json"].ljust(1_000_000)
    for text, said in ((padded, ""), (padded + b" ", "is damaged (its manifest cannot be read)")):
        rewrite(backup, held | {"manifest.json": text})
        assert refusal(backup).startswith(said)
        assert bool(refusal(backup)) is bool(said)


def test_a_flipped_byte_is_damage(backup: Path) -> None:
    corrupt_byte(backup)
    assert refusal(backup).startswith("is damaged (donation cannot be read)")


def test_a_table_is_read_block_by_block(backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "BLOCK", 100)
    shown: list[tuple[str, int]] = []
    with open_archive(backup, REVISION, lambda *done: shown.append(done)) as archive:
        (part,) = (one for one in archive.manifest.parts if one.table == "donation")
        blocks = list(archive.blocks(part))
    assert len(blocks) > 1
    assert {len(block) for block in blocks[:-1]} == {100}
    counts = [rows for table, rows in shown if table == "donation, checked"]
    assert counts == [0] * (len(blocks) - 1) + [1]


def set_in_directory(path: Path, name: str, offset: int, value: bytes) -> None:
    """Overwrite bytes of a file's entry in the archive's directory."""
    content = bytearray(path.read_bytes())
    at = content.rindex(name.encode()) - 46 + offset
    assert content[at - offset :].startswith(b"PK\x01\x02")
    content[at : at + len(value)] = value
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("offset", "value"),
    [(8, b"\x01\x00"), (10, b"\x63\x00"), (20, b"\xff\xff\xff\x7f" * 2), (24, b"\x01\x00\x00\x00")],
    ids=["needs a password", "unknown compression", "longer than the file", "shorter than it was"],
)
def test_damage_in_the_directory_is_damage_too(backup: Path, offset: int, value: bytes) -> None:
    rewrite(backup, held_in(backup))
    set_in_directory(backup, "tables/donation.copy", offset, value)
    assert refusal(backup).startswith("is damaged (donation cannot be read)")


def test_a_file_that_spoils_while_it_is_read_is_damage(
    installation: Installation, paid: Facts, tmp_path: Path
) -> None:
    # After the donation more than Python reads ahead, so that the table is read from the disk again.
    insert(
        installation, Note, donation_id=paid.donation.id, text=token_hex(200_000), written_by="fay"
    )
    backup = made(installation, tmp_path / "long.backup")
    with open_archive(backup, REVISION, quiet) as archive:
        (part,) = (one for one in archive.manifest.parts if one.table == "donation")
        corrupt_byte(backup)
        with pytest.raises(CampaignError, match="donation cannot be read"):
            list(archive.blocks(part))


def with_a_further_file(held: dict[str, bytes]) -> None:
    held["tables/extra.copy"] = b""


def without_a_table(held: dict[str, bytes]) -> None:
    del held["tables/receipt.copy"]


def with_another_text(held: dict[str, bytes]) -> None:
    held["tables/receipt.copy"] += b"1\n"


def with_another_word(held: dict[str, bytes]) -> None:
    held["tables/receipt.copy"] = held["tables/receipt.copy"].replace(b"usd", b"eur")


def with_another_count(held: dict[str, bytes]) -> None:
    shown = json.loads(held["manifest.json"])
    manifest_of_table(shown, "receipt")["rows"] = 2
    held["manifest.json"] = json.dumps(shown).encode()


def with_tables_in_another_order(held: dict[str, bytes]) -> None:
    shown = json.loads(held["manifest.json"])
    shown["parts"].reverse()
    held["manifest.json"] = json.dumps(shown).encode()


def with_a_column_less(held: dict[str, bytes]) -> None:
    shown = json.loads(held["manifest.json"])
    columns = manifest_of_table(shown, "receipt")["columns"]
    assert isinstance(columns, list)
    columns.pop()
    held["manifest.json"] = json.dumps(shown).encode()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (with_a_further_file, "a table is missing or there are extra files"),
        (without_a_table, "a table is missing or there are extra files"),
        (with_another_text, "the checksum of receipt does not match"),
        (with_another_word, "the checksum of receipt does not match"),
        (with_another_count, "the checksum of receipt does not match"),
        (with_a_column_less, "its tables do not match its migration"),
        (with_tables_in_another_order, "its tables do not match its migration"),
    ],
)
def test_an_added_missing_or_changed_table_is_damage(
    backup: Path, spoil: Callable[[dict[str, bytes]], None], said: str
) -> None:
    held = held_in(backup)
    spoil(held)
    rewrite(backup, held)
    assert refusal(backup) == f"is damaged ({said}). Nothing was restored. Use another copy."


def test_a_missing_file_and_a_broken_archive_have_different_errors(
    backup: Path, tmp_path: Path
) -> None:
    missing = tmp_path / "none"
    assert refusal(missing) == f"Cannot read {missing}: No such file or directory."
    assert refusal(tmp_path) == f"Cannot read {tmp_path}: Is a directory."
    backup.write_bytes(backup.read_bytes()[:-1])
    assert refusal(backup).startswith("is damaged (it is not a complete backup file)")
