"""Command line: `python -m bench [page] [webhook] [books] [mail] [audit] [staff] [plans] [siege]`."""

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
from bench.siege import SiegePlan, siege
from bench.siege.siege import SiegeRow
from bench.staff import staff
from bench.webhooks import webhooks

Result = Figure | Memory | Score | Waiting | NotMeasured | Answer | Failure | SiegeRow

BENCHMARKS: dict[str, Callable[[], Iterator[Figure | Memory | Score | Waiting | NotMeasured]]] = {
    "page": pages,
    "webhook": webhooks,
    "books": books,
    "mail": mail,
    "audit": audit,
}
SEEDED: dict[str, Callable[[Scale], Iterator[Answer | Failure]]] = {"staff": staff, "plans": plans}
"""Benchmarks that need a seeded database. `plans` prints query plans and runs only when it is named."""
NAMED_ONLY = {"plans", "siege"}
"""They take long, or print much."""


def main() -> int:
    """Run the named benchmarks, or all of them, and print one line per figure. Return 1 if any missed its target."""
    parser = argparse.ArgumentParser(prog="./dev bench", description="Benchmarks, as ratios.")
    names = [*BENCHMARKS, *SEEDED, "siege"]
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
    _add_siege_options(parser)
    options = parser.parse_args()
    asked = options.names or [name for name in names if name not in NAMED_ONLY]
    unknown = sorted(set(asked) - set(names))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(names)}")
    scale = Scale(options.gifts, options.data)
    failed = 0
    for name in asked:
        for figure in _run(name, scale, options):
            print(figure.line(), flush=True)
            failed += isinstance(figure, Answer | Failure | Score | SiegeRow) and figure.failed
    return 1 if failed else 0


def _run(name: str, scale: Scale, options: argparse.Namespace) -> Iterator[Result]:
    if name == "siege":
        return siege(
            SiegePlan(
                attempts=options.attempts,
                addresses=tuple(options.addresses),
                proofs_per_minute=options.proofs,
                unprotected=options.unprotected,
            )
        )
    return SEEDED[name](scale) if name in SEEDED else BENCHMARKS[name]()


def _add_siege_options(parser: argparse.ArgumentParser) -> None:
    plan = SiegePlan()

    def numbers(text: str) -> list[int]:
        return [int(part) for part in text.split(",")]

    for name, kind, default, text in (
        ("attempts", int, plan.attempts, "thieves' attempts in siege"),
        ("addresses", numbers, list(plan.addresses), "thieves' addresses, a siege for each"),
        ("proofs", float, plan.proofs_per_minute, "proofs of work that thieves solve a minute"),
        ("unprotected", int, plan.unprotected, "attempts of the sample without protection"),
    ):
        parser.add_argument(f"--{name}", type=kind, default=default, metavar="N", help=text)


if __name__ == "__main__":
    sys.exit(main())
