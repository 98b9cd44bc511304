"""A module's tests are at the mirrored path: `tests/campaign/<package>/test_<module>.py`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SMALL = 60
"""A module with fewer lines may be tested together with the code that uses it."""


def modules() -> list[Path]:
    return [
        path
        for path in sorted((ROOT / "campaign").rglob("*.py"))
        if path.name not in ("__init__.py", "env.py") and "versions" not in path.parts
    ]


def test_every_module_of_some_size_has_its_tests_at_the_mirrored_path() -> None:
    missing = [
        str(path.relative_to(ROOT))
        for path in modules()
        if len(path.read_text(encoding="utf-8").splitlines()) >= SMALL
        and not (ROOT / "tests" / path.relative_to(ROOT).parent / f"test_{path.name}").is_file()
    ]
    assert missing == []


def test_no_test_is_left_for_a_package_that_is_gone() -> None:
    packages = {path.parent.relative_to(ROOT / "campaign") for path in modules()}
    packages |= {Path("migrations"), Path("web/accessibility")}
    strays = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests" / "campaign").rglob("test_*.py")
        if path.parent.relative_to(ROOT / "tests" / "campaign") not in packages
    ]
    assert strays == []
