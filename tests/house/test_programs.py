"""Programs that tests need: a missing one is named, and fails the test where all are required."""

import re
from pathlib import Path

import pytest

from tests.support.programs import PACKAGES, find_program, program

ROOT = Path(__file__).resolve().parents[2]
VARIABLES = ("REQUIRE_TOOLS", "REQUIRE_BROWSER")


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tests.support.programs._BESIDE", str(tmp_path))
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_missing_program_skips_with_what_to_install(name: str, nothing_installed: None) -> None:
    with pytest.raises(pytest.skip.Exception, match=f"{name} is not installed.*apt-get install"):
        program(name)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_missing_program_fails_where_programs_are_required(
    name: str, nothing_installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUIRE_TOOLS", "1")
    with pytest.raises(pytest.fail.Exception, match=f"{name} is not installed.*apt-get install"):
        program(name)


def test_a_required_browser_requires_nothing_else(
    nothing_installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUIRE_BROWSER", "1")
    with pytest.raises(pytest.fail.Exception):
        program("chromium")
    with pytest.raises(pytest.skip.Exception):
        program("nginx")


def test_a_program_is_found_by_another_name_and_beside_the_path(
    nothing_installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_program("chromium") is None
    made = tmp_path / "google-chrome"
    made.touch(mode=0o755)
    monkeypatch.setenv("PATH", "")
    assert find_program("chromium") == program("chromium") == str(made)


def test_ci_installs_and_requires_every_program() -> None:
    script = (ROOT / ".ci/run").read_text()
    for name, package in PACKAGES.items():
        assert re.search(rf"missing\+=\({package}\)|for program in .*\b{name}\b", script), name
    assert "export REQUIRE_BROWSER=1 REQUIRE_TOOLS=1" in script


def test_tests_find_programs_in_one_place() -> None:
    """Otherwise a test could be skipped in silence."""
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if {"shutil.which", "skip"} <= set(re.findall(r"shutil\.which|skip", path.read_text()))
        and path.name not in {"programs.py", Path(__file__).name}
    ]
    assert found == []
