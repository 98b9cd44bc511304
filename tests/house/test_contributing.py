"""CONTRIBUTING.md describes the packages that exist, in the order of the import contract."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `campaign/(\w+)` \| (.+) \| (.+) \|$", re.MULTILINE)


def rows() -> list[str]:
    return [found[0] for found in ROW.findall((ROOT / "CONTRIBUTING.md").read_text())]


def packages() -> set[str]:
    return {found.parent.name for found in (ROOT / "campaign").glob("*/__init__.py")}


def layers() -> list[list[str]]:
    """Return the lines of the contract, lowest first, each as its packages."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [rooms] = [one for one in contracts["contracts"] if one.get("containers") == ["campaign"]]
    assert rooms["exhaustive"]
    return [re.split(r" *\| *", line) for line in reversed(rooms["layers"])]


def test_every_package_has_its_row_and_every_row_its_package() -> None:
    assert set(rows()) == packages()
    assert len(rows()) == len(set(rows()))


def test_the_rows_follow_the_order_of_the_contract() -> None:
    level = {name: number for number, line in enumerate(layers()) for name in line}
    levels = [level[name] for name in rows()]
    assert levels == sorted(levels)


def test_a_row_names_only_packages_below_its_own() -> None:
    level = {name: number for number, line in enumerate(layers()) for name in line}
    for name, _, below in ROW.findall((ROOT / "CONTRIBUTING.md").read_text()):
        if below != "nothing of ours":
            assert all(level[one] < level[name] for one in below.split(", ")), name


def test_every_module_is_in_a_package_and_no_folder_is_crowded() -> None:
    assert [path.name for path in (ROOT / "campaign").glob("*.py")] == ["__init__.py"]
    crowded = {
        str(folder.relative_to(ROOT)): count
        for folder in (ROOT / "campaign").rglob("*")
        if folder.is_dir() and folder.name != "versions"
        if (count := len([one for one in folder.glob("*.py") if one.name != "__init__.py"])) > 30
    }
    assert crowded == {}


def test_every_file_of_the_tour_exists() -> None:
    tour = (ROOT / "docs" / "tour.md").read_text()
    named = set(re.findall(r"`(campaign/[\w/]+\.py)`", tour))
    assert len(named) > 15
    assert [one for one in sorted(named) if not (ROOT / one).is_file()] == []
