"""The door: `python -m bench [page] [webhook] [books] [mail] [audit]`."""

import argparse
from collections.abc import Callable, Iterator

from bench.audit import audit
from bench.books import books
from bench.figures import Figure, Memory
from bench.mail import mail
from bench.pages import pages
from bench.webhooks import webhooks

BENCHMARKS: dict[str, Callable[[], Iterator[Figure | Memory]]] = {
    "page": pages,
    "webhook": webhooks,
    "books": books,
    "mail": mail,
    "audit": audit,
}


def main() -> None:
    """Run what was asked for, or all, and print a line a figure."""
    parser = argparse.ArgumentParser(prog="./dev bench", description="Benchmarks, as ratios.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    asked = parser.parse_args().names or list(BENCHMARKS)
    unknown = sorted(set(asked) - set(BENCHMARKS))
    if unknown:
        parser.error(
            f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}"
        )
    for name in asked:
        for figure in BENCHMARKS[name]():
            print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
