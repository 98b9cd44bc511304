"""The import contract."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def sources(*rooms: str) -> Iterator[Path]:
    for room in rooms:
        yield from sorted((ROOT / room).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Yield every module that `path` imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_the_import_contract_holds() -> None:
    script = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [script, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_gateway_imports_stripe() -> None:
    found = {
        str(path.parent.relative_to(ROOT))
        for path in sources("campaign", "workers", "sandbox")
        for name in imported(path)
        if name.partition(".")[0] == "stripe"
    }
    assert found == {"campaign/gateway"}


def test_production_code_never_imports_the_sandbox_or_the_tests() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources("campaign", "workers")
        for name in imported(path)
        if name.partition(".")[0] in {"sandbox", "tests"}
    ]
    assert found == []
