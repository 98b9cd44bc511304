"""`campaign restore` and `campaign backup` when they fail: nothing is written, and one line says why."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from campaign.backup.dump import make_backup
from campaign.backup.manifest import Manifest
from campaign.cli.main import cli
from campaign.core.errors import CampaignError
from tests.campaign.cli.conftest import PROGRAM, ROOT, Run
from tests.support.backups import (
    change_manifest,
    contents,
    corrupt_byte,
    count_rows,
    remove_donor,
    remove_row,
    remove_table,
    run_program,
    trigger_states,
)
from tests.support.stripe import Facts


@pytest.fixture
def small(database_url: str, paid: Facts, tmp_path: Path) -> Path:
    """A backup with one gift in it."""
    assert paid.number
    file = tmp_path / "small.backup"
    run_program(database_url, "backup", str(file))
    return file


def test_a_damaged_or_foreign_backup_is_rejected(run: Run, small: Path, bare: str) -> None:
    whole = small.read_bytes()
    for change, said in (
        (lambda file: file.write_bytes(whole[: len(whole) // 2]), "not a complete backup file"),
        (lambda file: file.write_bytes(b""), "not a complete backup file"),
        (corrupt_byte, "donation cannot be read"),
        (remove_row, "the checksum of ledger_entry does not match"),
        (remove_table, "a table is missing"),
        (lambda file: change_manifest(file, revision="0001"), "migration 0001"),
        (lambda file: change_manifest(file, version=2), "newer version"),
        (lambda file: change_manifest(file, kind="recipes"), "not a backup of this service"),
        (lambda file: change_manifest(file, parts=[]), "do not match its migration"),
        (lambda file: change_manifest(file, parts=[{"table": "donor"}]), "incomplete"),
        (Path.unlink, "Cannot read"),
    ):
        small.write_bytes(whole)
        change(small)
        with pytest.raises(CampaignError, match=said):
            run_program(bare, "restore", str(small))
    ended = run("restore", str(small), DATABASE_URL=bare)
    assert (ended.status, ended.out, len(ended.errors)) == (1, "", 1)
    assert contents(bare) == {}


def test_a_database_with_rows_or_another_migration_is_not_changed(
    small: Path, target: str, database_url: str
) -> None:
    before = contents(database_url)
    with pytest.raises(CampaignError, match="The database is not empty"):
        run_program(database_url, "restore", str(small))
    assert contents(database_url) == before
    with psycopg.connect(target) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(CampaignError, match="is at migration 0001"):
        run_program(target, "restore", str(small))
    with pytest.raises(CampaignError, match="db upgrade"):
        run_program(target, "backup", str(small.with_name("other")))
    assert count_rows(target) == 0


def test_a_database_without_tables_is_not_backed_up(bare: str, tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="db upgrade"):
        run_program(bare, "backup", str(tmp_path / "none"))
    assert list(tmp_path.iterdir()) == []


def test_an_inconsistent_ledger_is_not_restored(
    small: Path, target: str, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE progress_shard SET raised = raised + 1")
    run_program(database_url, "backup", "--force", str(small))
    with pytest.raises(CampaignError, match="is inconsistent"):
        run_program(target, "restore", str(small))
    assert count_rows(target) == 0
    assert trigger_states(target) == {"O"}


def test_a_dangling_reference_is_rejected_without_showing_the_row(small: Path, target: str) -> None:
    remove_donor(small)
    with pytest.raises(CampaignError, match="foreign key") as refusal:
        run_program(target, "restore", str(small))
    assert "ana@" not in str(refusal.value)
    assert count_rows(target) == 0


def test_no_file_is_replaced_by_default_or_left_behind_by_a_failure(
    small: Path, environ: dict[str, str], database_url: str
) -> None:
    held = small.read_bytes()
    with pytest.raises(CampaignError, match="--force"):
        run_program(database_url, "backup", str(small))
    assert small.read_bytes() == held
    with pytest.raises(CampaignError, match=r"Cannot write .*: No such file"):
        run_program(database_url, "backup", str(small.parent / "none" / "file"))
    with psycopg.connect(database_url) as connection:
        # It waits for this table, so that it is surely killed before it is done.
        connection.execute("LOCK TABLE receipt IN ACCESS EXCLUSIVE MODE")
        status, said = killed_halfway(environ, small.parent / "killed.backup")
        assert status == 128 + signal.SIGTERM, said
    assert list(small.parent.iterdir()) == [small]


def killed_halfway(environ: dict[str, str], file: Path) -> tuple[int, str]:
    command = [*PROGRAM, "backup", str(file)]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | environ
    with subprocess.Popen(command, env=environ, cwd="/", stderr=subprocess.PIPE) as process:
        until = time.monotonic() + 60
        while not list(file.parent.glob(".killed*")) and time.monotonic() < until:
            time.sleep(0.05)
        assert list(file.parent.glob(".killed*"))
        assert not file.exists()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
        return process.returncode, said.decode()


@pytest.mark.parametrize("cut_off", [True, False])
def test_sigterm_is_not_lost(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, cut_off: bool
) -> None:
    """Python drops an exit raised in a weak reference's callback, and the database may report an error."""

    def told_to_end(*given: Any) -> Manifest:
        with suppress(SystemExit):
            signal.raise_signal(signal.SIGTERM)
        if cut_off:
            raise psycopg.errors.QueryCanceled("canceling statement due to user request")
        return make_backup(*given)

    monkeypatch.setattr("campaign.cli.database.make_backup", told_to_end)
    command = ["backup", str(tmp_path / "reported.backup")]
    ended = CliRunner().invoke(cli, command, env={"DATABASE_URL": database_url})
    assert (ended.exit_code, ended.output) == (128 + signal.SIGTERM, "")
    assert list(tmp_path.iterdir()) == []
