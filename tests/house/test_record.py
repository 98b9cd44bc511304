"""The record of a run for `./dev exec`, and the lock on its data folder."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.record import AlreadyRunningError, RunRecord, completed, environment_of_run

ROOT = Path(__file__).resolve().parents[2]


def test_the_stand_ins_are_known_while_the_run_lasts(tmp_path: Path) -> None:
    with RunRecord(tmp_path) as record:
        assert environment_of_run(tmp_path) == {}
        record.publish({"DATABASE_URL": "postgresql://here"})
        assert environment_of_run(tmp_path) == {"DATABASE_URL": "postgresql://here"}
        assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o600

    assert environment_of_run(tmp_path) == {}
    assert not (tmp_path / "run.json").exists()


def test_a_second_run_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (
        RunRecord(tmp_path),
        pytest.raises(AlreadyRunningError, match="is already in use"),
        RunRecord(tmp_path),
    ):
        pass


def test_the_record_of_a_killed_run_is_ignored(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, signal, sys\n"
        "from sandbox.record import RunRecord\n"
        "with RunRecord(pathlib.Path(sys.argv[1])) as record:\n"
        "    record.publish({'DATABASE_URL': 'postgresql://gone'})\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=False)

    assert json.loads((tmp_path / "run.json").read_text())["environment"]
    assert environment_of_run(tmp_path) == {}
    with RunRecord(tmp_path):
        assert not (tmp_path / "run.json").exists()


def test_a_folder_that_no_run_ever_used_has_nothing(tmp_path: Path) -> None:
    assert environment_of_run(tmp_path / "nowhere") == {}


def test_the_callers_variables_win_also_as_files() -> None:
    stand_ins = {"DATABASE_URL": "ours", "SECRET_KEY": "ours", "SMTP_URL": "ours"}
    caller = {"DATABASE_URL": "theirs", "SECRET_KEY_FILE": "/secret", "SMTP_URL": ""}

    environment = completed(caller, stand_ins)

    assert environment["DATABASE_URL"] == "theirs"
    assert "SECRET_KEY" not in environment
    assert environment["SMTP_URL"] == "ours"
