"""Command line: `python -m bench [page] [webhook] [books] [mail] [audit] [staff] [plans]`."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.answers import Answer, Failure
from bench.audit import audit
from bench.books import books
from bench.figures import Figure, Memory
from bench.mail import mail
from bench.pages import pages
from bench.plans import plans
from bench.reading import NotMeasured, Score, Waiting
from bench.room import GIFTS, Scale
from bench.staff import staff
from bench.webhooks import webhooks

BENCHMARKS: dict[str, Callable[[], Iterator[Figure | Memory | Score | Waiting | NotMeasured]]] = {
    "page": pages,
    "webhook": webhooks,
    "books": books,
    "mail": mail,
    "audit": audit,
}
SEEDED: dict[str, Callable[[Scale], Iterator[Answer | Failure]]] = {"staff": staff, "plans": plans}
"""Benchmarks that need a seeded database. `plans` prints query plans and runs only when it is named."""


def main() -> int:
    """Run the named benchmarks, or all of them, and print one line per figure. Return 1 if any missed its target."""
    parser = argparse.ArgumentParser(prog="./dev bench", description="Benchmarks, as ratios.")
    names = [*BENCHMARKS, *SEEDED]
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument(
        "--gifts",
        type=int,
        default=GIFTS,
        metavar="N",
        help=f"gifts to seed for staff and plans; default {GIFTS:,}",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="keep the seeded database here and use it again",
    )
    options = parser.parse_args()
    asked = options.names or [name for name in names if name != "plans"]
    unknown = sorted(set(asked) - set(names))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(names)}")
    scale = Scale(options.gifts, options.data)
    failed = 0
    for name in asked:
        for figure in SEEDED[name](scale) if name in SEEDED else BENCHMARKS[name]():
            print(figure.line(), flush=True)
            failed += isinstance(figure, Answer | Failure | Score) and figure.failed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
