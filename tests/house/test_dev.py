"""The command line of `./dev`: overview, errors, exit codes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from sandbox.record import RunRecord
from tests.house.documented import load_dev

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT / "dev"


# The interpreter of the environment: uv's environments have no pip of their own.
SYSTEM_PYTHON = Path(sys.base_prefix, "bin", "python3")


def call(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [SYSTEM_PYTHON, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=dict(os.environ, **environment),
    )


@pytest.fixture
def installed() -> None:
    """Skip if `./dev` did not make the environment that runs the tests."""
    if not load_dev().installed():
        pytest.skip("the environment is not up to date by ./dev; `./dev test` makes it")


def test_alone_it_prints_what_can_be_done_here() -> None:
    done = call(DEV)

    assert done.returncode == 0
    for command in ("run", "exec", "test", "seed", "chaos", "check", "lock"):
        assert any(line.split()[0] == command for line in done.stdout.splitlines()), command


def test_an_unknown_command_is_one_line() -> None:
    done = call(DEV, "sing")

    assert done.returncode == 2
    assert done.stderr == "dev: unknown command sing; run `./dev` for a list of commands\n"


def test_a_python_without_pip_gets_an_instruction(tmp_path: Path) -> None:
    shutil.copy(DEV, tmp_path / "dev")
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    done = call("-I", "-S", tmp_path / "dev", "test")  # -S hides every installed package

    assert done.returncode == 1
    assert "has no pip; install it" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_network_is_reported_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    shutil.copy(DEV, tmp_path / "dev")
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    nowhere = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}

    done = call(tmp_path / "dev", "check", **nowhere)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("dev: pip could not install uv")
    assert not (tmp_path / ".venv").exists()


def test_the_tests_use_every_core_unless_the_caller_decides() -> None:
    spread = load_dev().spread

    assert spread(["tests/house", "-k", "name"]) == ["-n", "auto"]
    for decided in (["-n", "0"], ["-n4"], ["-p", "no:xdist"], ["-pno:xdist"], ["--pdb"]):
        assert spread(decided) == []


def test_the_tests_keep_their_compiled_form_for_the_next_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Became(Exception):
        pass

    def become(command: list[str]) -> NoReturn:
        raise Became(dev.project_environment())

    dev = load_dev()
    monkeypatch.setattr(dev, "set_up", lambda: None)
    monkeypatch.setattr(dev, "become", become)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.chdir(ROOT)

    with pytest.raises(Became) as became:
        dev.test(["tests/house"])

    [environment] = became.value.args
    assert "PYTHONDONTWRITEBYTECODE" not in environment


@pytest.mark.usefixtures("installed")
def test_exec_passes_the_exit_code_and_completes_the_environment(tmp_path: Path) -> None:
    script = "import os, sys; print(os.environ['SMTP_URL'], os.environ['MAIL_FROM']); sys.exit(7)"
    with RunRecord(tmp_path) as record:
        record.publish({"SMTP_URL": "smtp://ours", "MAIL_FROM": "ours"})
        done = call(
            *(DEV, "exec", "--data", tmp_path, "python", "-c", script),
            MAIL_FROM="theirs",
            SMTP_URL="",
        )

    assert (done.returncode, done.stdout) == (7, "smtp://ours theirs\n")


@pytest.mark.usefixtures("installed")
def test_exec_finds_the_projects_own_programs_first() -> None:
    done = call(DEV, "exec", "python", "-c", "import sys; print(sys.prefix)")
    assert Path(done.stdout.strip()) == ROOT / ".venv"


@pytest.mark.usefixtures("installed")
def test_exec_of_an_unknown_command_is_one_line() -> None:
    done = call(DEV, "exec", "no-such-program")
    assert (done.returncode, done.stderr) == (1, "dev: command not found: no-such-program\n")


@pytest.mark.usefixtures("installed")
def test_the_second_call_installs_nothing() -> None:
    dev = load_dev()
    installed: list[bool] = []
    dev.install = lambda: installed.append(True)  # type: ignore[attr-defined] # a program without the ending .py
    dev.set_up()
    assert installed == []
