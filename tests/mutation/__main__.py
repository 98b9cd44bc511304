"""`./dev mutate [ROOM…]`: plant faults, run the tests, and print each room's score and survivors.

`./dev mutate database` plants faults in the database's rules, `./dev mutate deploy` in the files of the deployment.
"""

import argparse
import runpy
import sys
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome

from tests.mutation.equivalent import reason
from tests.mutation.rooms import ROOMS
from tests.mutation.run import ROOT, run_room
from tests.mutation.session import tally

TABLES = ("database", "deploy")
"""Rooms that are not Python: each has a program and options of its own."""


def main() -> int:
    """Return 1 if a room that was tested scores less than 90 %."""
    if sys.argv[1:2] and sys.argv[1] in TABLES:
        name = sys.argv.pop(1)
        runpy.run_module(f"tests.mutation.{name}", run_name="__main__", alter_sys=True)
        return 0
    parser = argparse.ArgumentParser(prog="./dev mutate", description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=", ".join((*ROOMS, *TABLES)))
    parser.add_argument("--most", type=int, metavar="N", help="test N mutants, chosen at random")
    parser.add_argument("--copies", type=int, default=2, help="so many at once (default: 2)")
    parser.add_argument("--report", action="store_true", help="print results only; test nothing")
    asked = parser.parse_args()
    unknown = set(asked.rooms) - set(ROOMS)
    if unknown:
        parser.error(f"no such room: {', '.join(sorted(unknown))}; rooms are {', '.join(ROOMS)}")
    lowest = 100.0
    for name in asked.rooms or ROOMS:
        if not asked.report:
            run_room(name, ROOMS[name], most=asked.most, copies=asked.copies)
        lowest = min(lowest, report(name, survivors=bool(asked.rooms)))
    return int(lowest < 90.0)


def report(name: str, *, survivors: bool) -> float:
    """Print the room's score, and its survivors' diffs if asked; return the score in percent."""
    file = ROOT / "var" / "mutation" / name / "session.sqlite"
    if not file.exists():
        print(f"{name}: not tested yet")
        return 100.0
    with use_db(str(file), WorkDB.Mode.open) as database:
        counts = tally(database.results, reason)
        if survivors:
            _print_survivors(database)
        total = database.num_work_items
    judged = counts["killed"] + counts["survived"]
    score = 100.0 * counts["killed"] / judged if judged else 100.0
    print(
        f"{name}: {score:.0f} % ({counts['killed']} of {judged} noticed, "
        f"{counts['equivalent']} equivalent, {total - judged - counts['equivalent']} not tested)"
    )
    return score


def _print_survivors(database: WorkDB) -> None:
    for _, result in database.completed_work_items:
        if result.test_outcome == TestOutcome.SURVIVED and not reason(result.diff or ""):
            lines = (result.diff or "").splitlines()
            print(
                f"\nsurvived: {Path(lines[1][6:])} ({(result.output or '').partition(chr(10))[0]})"
            )
            print("\n".join(lines[2:]))
    print()


if __name__ == "__main__":
    sys.exit(main())
