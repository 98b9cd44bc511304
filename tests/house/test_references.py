"""Where a docstring, a comment or a document names one of our modules, that module is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(?:campaign[./])?([a-z_]+)[./]([a-z_/]+)(?:\.py|\.\w+)?`")
NO_MODULES = {"checkout/session"}
"""Names of Stripe's that look like ours."""


def texts() -> list[Path]:
    code = [
        path for room in ("campaign", "workers", "bench") for path in (ROOT / room).rglob("*.py")
    ]
    written = [*(ROOT / "docs").rglob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "README.md"]
    return [path for path in [*code, *written] if "versions" not in path.parts]


def test_modules_that_are_named_are_there() -> None:
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
