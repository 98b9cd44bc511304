"""`python -m tests.mailstorm`: run a storm on a private PostgreSQL server and report the result."""

import argparse
import random
import sys

from campaign.migrations import upgrade
from sandbox.servers import PrivatePostgres
from tests.mailstorm.storm import environment, run_storm, silence_logs


def main() -> int:
    """Run a storm on a private PostgreSQL server."""
    parser = argparse.ArgumentParser(prog="python -m tests.mailstorm", description=__doc__)
    for name, default in (("appeals", 5000), ("receipts", 500), ("kills", 50)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    args = parser.parse_args()
    silence_logs()
    print(f"seed {args.seed}", flush=True)
    with PrivatePostgres() as postgres:
        upgrade(postgres.url.replace("postgresql://", "postgresql+psycopg://", 1))
        outcome = run_storm(environment(postgres.url), **vars(args), timeout=3600)
    print(*outcome.lines(), *outcome.faults(), sep="\n")
    return 1 if outcome.faults() else 0


if __name__ == "__main__":
    sys.exit(main())
