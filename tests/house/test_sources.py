"""Content that no file may contain, and names that two style sheets may not share."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "campaign" / "static"
CLASS = re.compile(r"\.([a-z][a-z-]*)")
ALONE = re.compile(r"^(?:@media[^{]*{ )?\.([a-z][a-z-]*)(?= {|,)", re.MULTILINE)
# Split, so that this file does not match itself.
PACKAGE_HOSTS = re.compile(
    r"pypi\.(?:)org|pythonhosted\.(?:)org|npmjs\.(?:)(?:org|com)|yarnpkg\.(?:)com"
    r"|deb\.(?:)debian\.org|archive\.(?:)ubuntu\.com|anaconda\.(?:)org"
    r"|--(?:extra-)?index-url[ =]\S|--find-links[ =]\S"
)


def files_of_the_repository() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is no git checkout, so nobody knows which files are the project's")
    names = listed.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_no_package_host_is_named() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files_of_the_repository()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if PACKAGE_HOSTS.search(line)
    ]
    assert found == []


def test_every_locked_package_has_its_hashes() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        packages = re.findall(r"^([\w.-]+)==", path.read_text(), re.MULTILINE)
        blocks = re.findall(
            r"^[\w.-]+==[^\n]+\\\n    --hash=sha256:", path.read_text(), re.MULTILINE
        )
        assert packages
        assert len(blocks) == len(packages), path.name


def test_staff_pages_own_classes_are_not_styled_for_readers_too() -> None:
    """Staff pages load both style sheets, so a class in both would mix their styles."""
    ours = CLASS.findall((STATIC / "site.css").read_text())
    theirs = [
        name for sheet in STATIC.glob("staff*.css") for name in ALONE.findall(sheet.read_text())
    ]
    assert theirs
    assert set(theirs) & set(ours) == set()
