"""Modules named in docstrings, comments and documents exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(?:campaign[./])?([a-z_]+)[./]([a-z_/]+)(?:\.py|\.\w+)?`")
NO_MODULES = {
    "checkout/session",
    *(f"{name}/csv" for name in ("campaigns", "donations", "donors", "ledger", "receipts")),
}
"""Names from Stripe, and of exported files, that look like our modules."""


def texts() -> list[Path]:
    code = [
        path for room in ("campaign", "workers", "bench") for path in (ROOT / room).rglob("*.py")
    ]
    written = [*(ROOT / "docs").rglob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "README.md"]
    return [path for path in [*code, *written] if "versions" not in path.parts]


def test_named_modules_exist() -> None:
    packages = {found.parent.name for found in (ROOT / "campaign").glob("*/__init__.py")}
    seen, gone = 0, []
    for path in texts():
        for package, module in NAMED.findall(path.read_text(encoding="utf-8")):
            if package not in packages or f"{package}/{module}" in NO_MODULES:
                continue
            seen += 1
            there = ROOT / "campaign" / package / module
            if not (there.with_suffix(".py").is_file() or there.is_dir()):
                gone.append(f"{path.relative_to(ROOT)}: {package}/{module}")
    assert seen > 30
    assert gone == []


LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")]


def test_links_between_documents_lead_to_a_file_and_a_heading() -> None:
    anchors = {
        path.resolve(): {anchor(found) for found in HEADING.findall(path.read_text("utf-8"))}
        for path in documents()
    }
    broken = []
    for path in documents():
        for link in LINK.findall(path.read_text("utf-8")):
            if link.startswith("http"):
                continue
            name, _, part = link.partition("#")
            target = (path.parent / name).resolve() if name else path.resolve()
            if not target.exists() or (part and part not in anchors[target]):
                broken.append(f"{path.relative_to(ROOT)}: {link}")
    assert broken == []
