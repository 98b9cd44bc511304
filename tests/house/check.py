"""`./dev check`: every check that does not run the service, one result per line."""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent

CHECKS = {
    "format": ["ruff", "format", "--check", ".", "dev"],
    "lint": ["ruff", "check", ".", "dev"],
    "types": ["mypy"],
    "imports": ["lint-imports"],
    "compose file": [
        "check-jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        "docker-compose.yml",
    ],
    "Dockerfile": ["hadolint", "Dockerfile"],
    "spelling": ["codespell"],
    "documented commands": ["python", "-m", "tests.house.documented"],
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev check", description=__doc__)
    parser.parse_args()
    with ThreadPoolExecutor(max_workers=2) as pool:
        passed = dict(zip(CHECKS, pool.map(verdict, CHECKS), strict=True))
    failed = [name for name, fine in passed.items() if not fine]
    print(f"failed: {', '.join(failed)}" if failed else "everything passed")
    return 1 if failed else 0


def verdict(name: str) -> bool:
    """Run one check and print its line, with the output of a failed one. Return whether it passed."""
    program, *arguments = CHECKS[name]
    started = time.monotonic()
    done = subprocess.run(
        [PROGRAMS / program, *arguments],
        cwd=ROOT,
        env=dict(os.environ, NO_COLOR="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    passed = done.returncode == 0
    line = f"{'ok' if passed else 'FAILED':6}  {name}  ({time.monotonic() - started:.1f} s)\n"
    # One write, because two checks run at once.
    sys.stdout.write(line if passed else f"{line}{done.stdout.rstrip()}\n")
    sys.stdout.flush()
    return passed


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
