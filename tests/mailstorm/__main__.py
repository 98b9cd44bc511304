"""`python -m tests.mailstorm`: a storm on a private PostgreSQL, and the account of it."""

import argparse
import random
import sys

from campaign.migrations import upgrade
from sandbox.servers import PrivatePostgres
from tests.mailstorm.storm import be_quiet, environment, run_storm


def main() -> int:
    """On a private PostgreSQL."""
    parser = argparse.ArgumentParser(prog="python -m tests.mailstorm", description=__doc__)
    for name, default in (("appeals", 5000), ("receipts", 500), ("kills", 50)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    asked = parser.parse_args()
    be_quiet()
    print(f"seed {asked.seed}", flush=True)
    with PrivatePostgres() as postgres:
        upgrade(postgres.url.replace("postgresql://", "postgresql+psycopg://", 1))
        outcome = run_storm(environment(postgres.url), **vars(asked), patience=3600)
    print(*outcome.lines(), *outcome.faults(), sep="\n")
    return 1 if outcome.faults() else 0


if __name__ == "__main__":
    sys.exit(main())
