"""What the papers on security say is so: paths and tests exist, no card data, known licenses, a bill of materials."""

import ast
import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.house.audit import report

ROOT = Path(__file__).resolve().parents[2]
PAPERS = ("SECURITY.md", "docs/threat-model.md", "docs/asvs.md", "docs/pci.md")
NAMED = re.compile(r"`((?:tests|campaign|docs|deploy|workers)/[\w/.-]+?)(?:::(\w+))?`")
LOCKED = ROOT / "requirements/production.txt"

LICENSES = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software|MPL|Mozilla|ZPL|Zope|Unlicense|LGPL|Historical",
    re.IGNORECASE,
)
"""Licenses that let a newsroom run, change and pass this on. LGPL: psycopg, which is linked as it is."""
UNDER_MORE = {"qrcode"}
"""Packages whose metadata names a second, unused license."""


@pytest.mark.parametrize("paper", PAPERS)
def test_every_path_and_test_that_a_paper_names_exists(paper: str) -> None:
    text = (ROOT / paper).read_text(encoding="utf-8")
    for path, test in NAMED.findall(text):
        assert (ROOT / path).exists(), path
        if test:
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert test in names, f"{path}::{test}"


def test_each_protection_has_its_test() -> None:
    rows = [
        line
        for line in (ROOT / "docs/threat-model.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith(("| threat", "|---"))
    ]
    assert len(rows) > 30
    assert [row for row in rows if not NAMED.search(row)] == []


def locked() -> dict[str, str]:
    lines = LOCKED.read_text(encoding="utf-8").splitlines()
    found = (re.match(r"([\w.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", line) for line in lines)
    return {one[1].lower(): one[2] for one in found if one}


def license_of(name: str) -> str:
    known = metadata.metadata(name)
    classifiers = [
        one.rpartition("::")[2] for one in known.get_all("Classifier") or () if "License ::" in one
    ]
    named = [*(known.get_all("License-Expression") or ()), *classifiers]
    return " ".join(named or known.get_all("License") or ())


def test_every_dependency_has_a_license_that_we_know() -> None:
    installed = {one.metadata["Name"].lower().replace("_", "-") for one in metadata.distributions()}
    names = [name for name in locked() if name.replace("_", "-") in installed]
    assert len(names) > 70
    unknown = {name: license_of(name) for name in names if not LICENSES.search(license_of(name))}
    assert unknown == {}
    strong = [
        name for name in names if re.search(r"(?<!L)GPL|AGPL|SSPL|Proprietary", license_of(name))
    ]
    assert set(strong) <= UNDER_MORE


def test_the_bill_of_materials_has_every_locked_version(tmp_path: Path) -> None:
    bill = tmp_path / "sbom.json"
    program = Path(sys.executable).with_name("cyclonedx-py")
    subprocess.run(
        [program, "requirements", LOCKED, "--output-format", "JSON", "--output-file", bill],
        check=True,
        capture_output=True,
    )
    found = json.loads(bill.read_text(encoding="utf-8"))
    assert found["bomFormat"] == "CycloneDX"
    parts = {one["name"].lower(): one.get("version") for one in found["components"]}
    assert parts == locked()


def test_the_audit_names_holes_and_says_what_it_could_not_look_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hole = {"id": "CVE-1", "fix_versions": ["2.1"]}
    bad = {"name": "a", "version": "2.0", "vulns": [hole]}
    good = {"name": "b", "version": "1", "vulns": []}
    unknown = {"name": "c", "skip_reason": "not found"}
    assert report({"dependencies": [bad, good, unknown]}) == 1
    said = capsys.readouterr().out
    assert "a 2.0: CVE-1, mended in 2.1" in said
    assert "not found there: c" in said
    assert report({"dependencies": [good]}) == 0
    assert "NOT DONE" not in capsys.readouterr().out
    assert report({"dependencies": [unknown]}) == 0
    assert "NOT DONE" in capsys.readouterr().out


TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CARD = re.compile(
    r"(?:name|id|autocomplete)=.(?:card.?number|cc-|cvc|cvv)|security code", re.IGNORECASE
)
"""Fields for card data. The page about privacy says that we never see a card number."""


def test_no_page_asks_for_card_data() -> None:
    assert len(TEMPLATES) > 100
    texts = {path: path.read_text(encoding="utf-8") for path in TEMPLATES}
    assert [str(path) for path, text in texts.items() if CARD.search(text)] == []


def test_pages_run_scripts_of_ours_only_and_none_of_stripes() -> None:
    for path in TEMPLATES:
        for source in re.findall(r"<script\b([^>]*)>", path.read_text(encoding="utf-8")):
            assert "src=" in source or "application/" in source, f"{path}: {source}"
            assert "//" not in source.replace("://schema.org", ""), f"{path}: {source}"
    scripts = "".join(
        path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "campaign/static").rglob("*.js"))
    )
    assert "js.stripe.com" not in scripts
    assert not re.search(r"\beval\(|new Function\(|document\.write\(", scripts)
