"""`campaign restore` and `campaign backup` where they refuse: nothing is written, and one line says why."""

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
    call,
    contents,
    flip_a_byte,
    leave_out_a_table,
    lose_the_donor,
    manifest_changed,
    rows_in,
    states_of_triggers,
    take_a_row,
)
from tests.support.stripe import Facts


@pytest.fixture
def small(database_url: str, paid: Facts, tmp_path: Path) -> Path:
    """A backup with one gift in it."""
    assert paid.number
    file = tmp_path / "small.backup"
    call(database_url, "backup", str(file))
    return file


def test_what_is_not_whole_or_of_another_make_is_refused(run: Run, small: Path, bare: str) -> None:
    whole = small.read_bytes()
    for change, said in (
        (lambda file: file.write_bytes(whole[: len(whole) // 2]), "not a whole backup file"),
        (lambda file: file.write_bytes(b""), "not a whole backup file"),
        (flip_a_byte, "donation cannot be read"),
        (take_a_row, "ledger_entry is not what was written"),
        (leave_out_a_table, "lacks a table"),
        (lambda file: manifest_changed(file, revision="0001"), "revision 0001"),
        (lambda file: manifest_changed(file, version=2), "newer version"),
        (lambda file: manifest_changed(file, kind="recipes"), "no backup of this service"),
        (lambda file: manifest_changed(file, parts=[]), "not those of its revision"),
        (lambda file: manifest_changed(file, parts=[{"table": "donor"}]), "not complete"),
        (Path.unlink, "cannot be read"),
    ):
        small.write_bytes(whole)
        change(small)
        with pytest.raises(CampaignError, match=said):
            call(bare, "restore", str(small))
    ended = run("restore", str(small), DATABASE_URL=bare)
    assert (ended.status, ended.out, len(ended.errors)) == (1, "", 1)
    assert contents(bare) == {}


def test_a_database_that_holds_rows_or_is_of_another_revision_stays_as_it_is(
    small: Path, target: str, database_url: str
) -> None:
    before = contents(database_url)
    with pytest.raises(CampaignError, match="holds rows already"):
        call(database_url, "restore", str(small))
    assert contents(database_url) == before
    with psycopg.connect(target) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(CampaignError, match="is at revision 0001"):
        call(target, "restore", str(small))
    with pytest.raises(CampaignError, match="db upgrade"):
        call(target, "backup", str(small.with_name("other")))
    assert rows_in(target) == 0


def test_a_database_without_tables_is_not_backed_up(bare: str, tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="db upgrade"):
        call(bare, "backup", str(tmp_path / "none"))
    assert list(tmp_path.iterdir()) == []


def test_books_that_are_not_in_order_are_not_kept(
    small: Path, target: str, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE progress_shard SET raised = raised + 1")
    call(database_url, "backup", "--force", str(small))
    with pytest.raises(CampaignError, match="not in order"):
        call(target, "restore", str(small))
    assert rows_in(target) == 0
    assert states_of_triggers(target) == {"O"}


def test_a_row_that_refers_to_nothing_is_not_kept_and_not_told(small: Path, target: str) -> None:
    lose_the_donor(small)
    with pytest.raises(CampaignError, match="foreign key") as refusal:
        call(target, "restore", str(small))
    assert "ana@" not in str(refusal.value)
    assert rows_in(target) == 0


def test_no_file_is_replaced_unasked_and_none_left_by_one_that_failed(
    small: Path, environ: dict[str, str], database_url: str
) -> None:
    held = small.read_bytes()
    with pytest.raises(CampaignError, match="--force"):
        call(database_url, "backup", str(small))
    assert small.read_bytes() == held
    with pytest.raises(CampaignError, match="could not be written: No such file"):
        call(database_url, "backup", str(small.parent / "none" / "file"))
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
def test_being_told_to_end_is_not_forgotten(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, cut_off: bool
) -> None:
    """Python drops an exit that is raised in a weak reference's callback, and a database may answer with an error."""

    def told_to_end(*given: Any) -> Manifest:
        with suppress(SystemExit):
            signal.raise_signal(signal.SIGTERM)
        if cut_off:
            raise psycopg.errors.QueryCanceled("canceling statement due to user request")
        return make_backup(*given)

    monkeypatch.setattr("campaign.cli.database.make_backup", told_to_end)
    command = ["backup", str(tmp_path / "told.backup")]
    ended = CliRunner().invoke(cli, command, env={"DATABASE_URL": database_url})
    assert (ended.exit_code, ended.output) == (128 + signal.SIGTERM, "")
    assert list(tmp_path.iterdir()) == []
