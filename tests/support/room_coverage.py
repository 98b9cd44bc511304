"""Print how much of each room the tests run, by branch, from coverage.py's JSON report: `./dev test --cov`."""

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

LEAST = 85.0
COUNTED = ("covered_lines", "num_statements", "covered_branches", "num_branches")


def main() -> int:
    """Read the report that the first argument names. Return 1 if a room is below the least that is accepted."""
    rooms = by_room(json.loads(Path(sys.argv[1]).read_text())["files"])
    for name, percent in sorted(rooms.items(), key=lambda room: room[1]):
        print(
            f"{percent:5.1f} %  {name}{'' if percent >= LEAST else f'  (less than {LEAST:.0f} %)'}"
        )
    return int(min(rooms.values(), default=100.0) < LEAST)


def by_room(files: dict[str, Any]) -> dict[str, float]:
    """Return the percentage of lines and branches run, by package; a package of `campaign.web` counts alone."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for file, measured in files.items():
        run, in_all, branches_run, branches = (measured["summary"][each] for each in COUNTED)
        room = sums[_room(Path(file))]
        room[0] += run + branches_run
        room[1] += in_all + branches
    return {name: 100.0 * run / in_all for name, (run, in_all) in sums.items() if in_all}


def _room(file: Path) -> str:
    folders = file.parts[:-1]
    return "/".join(folders[:3] if folders[:2] == ("campaign", "web") else folders[:2])


if __name__ == "__main__":
    sys.exit(main())
