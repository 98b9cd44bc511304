"""Which tests a change can break first: `./dev test --changed` runs those, in less than a minute for one package.

A change is what git sees: files that differ from the branch's beginning, and new files. It is not a proof: the whole
suite runs before a change is taken.
"""

import ast
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLOW = ("tests/journeys/", "tests/chaos/", "tests/histories/", "tests/mailstorm/")
DEPLOYMENT = "tests/house"
STATIC = ("tests/campaign/web/test_theme.py", "tests/campaign/web/appeal")


def main() -> None:
    """Print the paths to give to pytest, one a line; nothing if no test is affected."""
    print("\n".join(affected_tests(changed_files(ROOT), ROOT)))


def changed_files(root: Path) -> list[str]:
    """Return the paths of changed, added and deleted files, relative to the root."""
    base = _git(root, "merge-base", "HEAD", "origin/main") or ["HEAD"]
    changed = _git(root, "diff", "--name-only", "--no-renames", base[0])
    return sorted({*changed, *_git(root, "ls-files", "--others", "--exclude-standard")})


def affected_tests(changed: Iterable[str], root: Path) -> list[str]:
    """Return test files and folders: the changed package's own tests, and tests that import a changed module."""
    changed = list(changed)
    modules = {_module(file) for file in changed if file.endswith(".py")}
    modules |= {
        _module(user)
        for file in changed
        if file.startswith("templates/")
        for user in _users_of_template(file.removeprefix("templates/"), root)
    }
    found = {place for file in changed for place in _own_tests(file)}
    found |= {place for module in modules for place in _own_tests(module.replace(".", "/") + ".py")}
    found |= set(_importing(modules, root))
    existing = sorted(place for place in found if (root / place).exists())
    return [place for place in existing if not any(_inside(place, other) for other in existing)]


def _own_tests(file: str) -> Iterator[str]:
    """Return the tests that mirror a file."""
    path = Path(file)
    if file.startswith("tests/") and path.name.startswith("test_"):
        yield file
    elif file.startswith("tests/") and path.name == "conftest.py" and len(path.parts) > 2:
        yield str(path.parent)
    elif file.startswith("campaign/static/"):
        yield from STATIC
    elif file.startswith("campaign/migrations/"):
        yield from ("tests/campaign/migrations", "tests/campaign/models")
    elif file.startswith("campaign/") and file.endswith(".py"):
        yield str("tests" / (path.parent if len(path.parts) > 2 else path.parent / "web"))
    elif file.startswith(("workers/", "sandbox/", "bench/")):
        yield str("tests" / path.parent)
    elif not file.startswith(("tests/", "templates/", "campaign/")):
        yield DEPLOYMENT


def _importing(modules: set[str], root: Path) -> Iterator[str]:
    """Return the quick tests that import one of the modules themselves; through helpers, nearly all tests would."""
    for file in root.glob("tests/**/test_*.py"):
        name = str(file.relative_to(root))
        if not name.startswith(SLOW) and _imports(file) & modules:
            yield name


@cache
def _imports(file: Path) -> frozenset[str]:
    """Return the names of the modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return frozenset(found)


def _users_of_template(name: str, root: Path) -> Iterator[str]:
    """Return the modules that name a template, or name one that includes or extends it."""
    templates = {
        str(file.relative_to(root / "templates")): file.read_text()
        for file in root.glob("templates/**/*")
        if file.is_file()
    }
    users = [name, *(other for other, text in templates.items() if f"'{name}'" in text)]
    for module in root.glob("campaign/**/*.py"):
        source = module.read_text()
        if any(f'"{user}"' in source for user in users):
            yield str(module.relative_to(root))


def _module(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _inside(place: str, other: str) -> bool:
    return place != other and place.startswith(f"{other}/")


def _git(root: Path, *arguments: str) -> list[str]:
    ended = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    return ended.stdout.split("\n")[:-1] if ended.returncode == 0 else []


if __name__ == "__main__":
    main()
