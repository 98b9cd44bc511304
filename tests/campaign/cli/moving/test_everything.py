"""`campaign export everything FOLDER`: all of it or nothing, never over something else."""

import subprocess
from pathlib import Path

from tests.campaign.cli.conftest import Run


def test_everything_is_written_to_a_new_folder(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = run("export", "everything", str(folder))
    assert (done.status, done.errors) == (0, [])
    assert done.out.startswith(f"{folder}: ")
    assert folder.stat().st_mode & 0o777 == 0o700
    checked = subprocess.run(
        ["sha256sum", "--quiet", "-c", "SHA256SUMS"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "export.created" in run("audit").out
    again = run("export", "everything", str(folder))
    assert again.errors == [f"{folder} already exists. Name a folder that does not."]


def test_what_cannot_be_written_leaves_nothing(run: Run, tmp_path: Path) -> None:
    done = run("export", "everything", str(tmp_path / "nowhere" / "out"))
    assert (done.status, len(done.errors)) == (1, 1)
    assert "Cannot write" in done.errors[0]
    assert list(tmp_path.iterdir()) == []


def test_its_options_are_those_of_no_other_export(run: Run, tmp_path: Path) -> None:
    for arguments in (
        ("everything",),
        ("everything", str(tmp_path / "out"), "--since", "2026-01-01"),
        ("donors", str(tmp_path / "out")),
    ):
        assert run("export", *arguments).status == 2
    assert list(tmp_path.iterdir()) == []
