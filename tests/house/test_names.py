"""Class names are unique, and an error has its own class only if something catches it by type."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def classes() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for room in ("campaign", "workers"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    found[node.name].append(str(path.relative_to(ROOT)))
    return found


def test_class_names_are_unique() -> None:
    found = classes()
    assert len(found) > 300
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def named_in(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def caught_by_type(tree: ast.Module) -> set[str]:
    """Return the names in `except`, `isinstance` and `suppress`, and in tuples of classes used there."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type:
            found |= named_in(node.type)
        elif isinstance(node, ast.Call) and named_in(node.func) & {"isinstance", "suppress"}:
            found |= {name for argument in node.args for name in named_in(argument)}
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            found |= named_in(node.value)
    return found


def test_an_error_has_a_class_only_where_something_catches_it_by_type() -> None:
    errors = ROOT / "campaign" / "core" / "errors.py"
    caught = {
        name
        for room in ("campaign", "workers")
        for path in (ROOT / room).rglob("*.py")
        for name in caught_by_type(ast.parse(path.read_text(encoding="utf-8")))
    }
    defined = {
        node.name
        for node in ast.parse(errors.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    }
    assert len(defined) > 20
    assert defined - caught == set()
