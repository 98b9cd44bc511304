"""`./dev audit`: look up known holes in the locked versions of what runs in production.

Exit 1 if there are any. Where the database cannot be asked nothing can be said, which is printed and is no failure.
https://github.com/pypa/pip-audit
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOCKED = ROOT / "requirements/production.txt"
SECONDS = 180


def main() -> int:
    """Run pip-audit on the lock file; nothing is installed or resolved."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCKED), "--no-deps"]
    command += ["--disable-pip", "--format", "json", "--timeout", "15", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        found = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        print("audit: NOT DONE: the database of known holes is out of reach from here")
        return 0
    return report(found)


def report(found: Mapping[str, Any]) -> int:
    """Print what pip-audit found, as it writes it in JSON; return 1 if there are holes."""
    packages = found.get("dependencies", [])
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    holes = [
        f"audit: {one['name']} {one['version']}: {hole['id']}, mended in {_releases(hole)}"
        for one in packages
        for hole in one.get("vulns", [])
    ]
    print("\n".join(holes), end="\n" if holes else "")
    if len(skipped) == len(packages):
        print("audit: NOT DONE: the database of known holes is out of reach from here")
    elif skipped:
        print(f"audit: not found there: {', '.join(skipped)}")
    print(f"audit: {len(packages) - len(skipped)} packages found there, {len(holes)} holes")
    return int(bool(holes))


def _releases(hole: Mapping[str, Any]) -> str:
    return ", ".join(hole["fix_versions"]) or "no release"


if __name__ == "__main__":
    sys.exit(main())
