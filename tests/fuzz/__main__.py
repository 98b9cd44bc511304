"""Command line: `python -m tests.fuzz --minutes 60 [--seed N]`: the crawl for as long as asked, printing its counts."""

import argparse
import os
import sys

import pytest


def main() -> int:
    """Run the crawl; return 0 if nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0, help="repeats a run")
    asked = parser.parse_args()
    os.environ.update(FUZZ_MINUTES=str(asked.minutes), FUZZ_SEED=str(asked.seed))
    return int(pytest.main(["-n", "0", "-q", "-s", "tests/fuzz/test_crawl.py"]))


if __name__ == "__main__":
    sys.exit(main())
