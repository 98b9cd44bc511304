"""A backup is one consistent snapshot of the database, and its manifest describes each table."""

import hashlib
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from json import loads

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from campaign.backup import dump
from campaign.backup.dump import lock_for_reading, make_backup
from campaign.backup.manifest import EXCLUDED_TABLES, Manifest, manifest_of
from campaign.core.errors import CampaignError
from campaign.models import Donor
from campaign.runtime.context import Installation
from tests.support.backups import contents
from tests.support.raw_sql import execute, insert
from tests.support.stripe import Facts
from tests.support.whole_database import fill_every_table

AT = datetime(2026, 12, 22, 8, tzinfo=UTC)
Snapshot = Callable[[], Session]


@pytest.fixture
def snapshot(installation: Installation) -> Snapshot:
    """A session like the command's: one snapshot."""

    def begin() -> Session:
        session = installation.sessions()
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        return session

    return begin


def dumped(session: Session) -> tuple[Manifest, zipfile.ZipFile, list[tuple[str, int]]]:
    file, shown = io.BytesIO(), []
    manifest = make_backup(session, file, "0025", AT, lambda *done: shown.append(done))
    return manifest, zipfile.ZipFile(file), shown


def test_the_manifest_describes_what_was_written(snapshot: Snapshot, paid: Facts) -> None:
    with snapshot() as session:
        manifest, archive, shown = dumped(session)
    assert (manifest.revision, manifest.made_at) == ("0025", AT)
    assert manifest_of(loads(archive.read("manifest.json"))) == manifest
    assert archive.namelist() == [*(part.name for part in manifest.parts), "manifest.json"]
    for part in manifest.parts:
        written = archive.read(part.name)
        assert part.sha256 == hashlib.sha256(written).hexdigest()
        assert part.rows == written.count(b"\n")
    rows = {part.table: part.rows for part in manifest.parts}
    assert (rows["donation"], rows["ledger_entry"], rows["receipt"]) == (1, 1, 1)
    assert {name for name, _ in shown} == {name for name, number in rows.items() if number}


def test_a_table_is_written_block_by_block_and_may_be_longer_than_two_gigabytes(
    installation: Installation, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        insert(installation, Donor, email="", name=f"Ana {number}")
    with snapshot() as session:
        whole, _, _ = dumped(session)
        lines = dumped(session)[1].read("tables/donor.copy").splitlines(keepends=True)
        two = len(lines[0]) + len(lines[1])
        # The first block ends with the row that fills it.
        for block, rows in ((1, 1), (two, 2), (two + 1, 3)):
            monkeypatch.setattr(dump, "BLOCK", block)
            parts, archive, shown = dumped(session)
            assert parts == whole
            counts = [number for table, number in shown if table == "donor"]
            assert (counts[0], counts[-1]) == (rows, 5)
    # The version of the ZIP format that has sizes of 64 bits.
    assert archive.getinfo("tables/donor.copy").extract_version == 45


def test_every_row_of_every_table_but_sessions_and_links_is_written(
    installation: Installation, snapshot: Snapshot, paid: Facts, database_url: str
) -> None:
    fill_every_table(installation, paid)
    with snapshot() as session:
        manifest, archive, _ = dumped(session)
    rows = {table: len(rows) for table, rows in contents(database_url).items()}
    assert {table for table, number in rows.items() if not number} <= EXCLUDED_TABLES
    for left_out in EXCLUDED_TABLES:
        del rows[left_out]
    assert {part.table: part.rows for part in manifest.parts} == rows
    written = b"".join(archive.read(name) for name in archive.namelist())
    for digest in (b"\td1\t", b"\td2\t", b"\td3\t", b"\td4\t"):
        assert digest not in written
    # The token of an API is one of a program's, which goes on.
    assert b"\td5\t" in written


def test_the_text_is_the_same_whatever_the_servers_settings(
    installation: Installation, snapshot: Snapshot, paid: Facts
) -> None:
    fill_every_table(installation, paid)
    with snapshot() as session:
        usual, _, _ = dumped(session)
    with installation.sessions() as session:
        for setting in (
            "datestyle = 'SQL, DMY'",
            "intervalstyle = 'iso_8601'",
            "bytea_output = 'escape'",
            "extra_float_digits = '-10'",
            "timezone = 'Asia/Kathmandu'",
            "client_encoding = 'LATIN1'",
            "statement_timeout = '30s'",
            "idle_in_transaction_session_timeout = '30s'",
        ):
            session.execute(text(f"SET LOCAL {setting}"))
        odd, _, _ = dumped(session)
        # A large backup may take longer than any request.
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            assert session.execute(text(f"SHOW {limit}")).scalar_one() == "0"
    assert odd.parts == usual.parts


def test_a_value_with_line_breaks_tabs_and_backslashes_is_one_row(
    installation: Installation, snapshot: Snapshot
) -> None:
    insert(installation, Donor, email="", name="Zoë\n\t\\.\r\n", address="1 Wharf\nAstoria")
    with snapshot() as session:
        manifest, archive, _ = dumped(session)
    (part,) = (part for part in manifest.parts if part.table == "donor")
    assert part.rows == 1
    assert archive.read(part.name).count(b"\n") == 1


def test_the_last_assigned_id_is_recorded_even_if_its_row_was_deleted(
    installation: Installation, snapshot: Snapshot
) -> None:
    numbers = [insert(installation, Donor, email="", name="x") for _ in range(3)]
    execute(installation, "DELETE FROM donor")
    with snapshot() as session:
        manifest, _, _ = dumped(session)
    positions = {part.table: part.position for part in manifest.parts}
    assert (positions["donor"], positions["refund"], positions["branding"]) == (
        numbers[-1],
        None,
        None,
    )


def test_rows_added_meanwhile_are_not_included(
    installation: Installation, snapshot: Snapshot
) -> None:
    insert(installation, Donor, email="", name="before")
    with snapshot() as session:
        lock_for_reading(session)
        session.execute(text("SELECT FROM donor"))
        insert(installation, Donor, email="", name="after")
        manifest, archive, _ = dumped(session)
    assert b"before" in archive.read("tables/donor.copy")
    assert b"after" not in archive.read("tables/donor.copy")
    assert {part.table: part.rows for part in manifest.parts}["donor"] == 1


def test_migrations_wait_for_a_backup_and_gifts_do_not(
    installation: Installation, snapshot: Snapshot
) -> None:
    with snapshot() as session:
        lock_for_reading(session)
        insert(installation, Donor, email="", name="Ana")
        change = "SET LOCAL lock_timeout = '20ms'; ALTER TABLE donor ADD COLUMN more text"
        with pytest.raises(OperationalError, match="lock timeout"):
            execute(installation, change)


def test_a_database_that_lacks_a_table_is_not_backed_up(
    installation: Installation, snapshot: Snapshot
) -> None:
    execute(installation, "DROP TABLE code_visit")
    with snapshot() as session, pytest.raises(CampaignError, match="campaign db upgrade"):
        lock_for_reading(session)
