"""`python -m tests.countdown`: play a nine-day campaign on a private PostgreSQL server and print who got what when."""

import argparse
import sys

from campaign.core.settings import load_settings
from campaign.migrations import upgrade
from campaign.runtime.context import make_installation
from sandbox.outbox.receiver import MailReceiver
from sandbox.servers import PrivatePostgres
from tests.countdown import table
from tests.countdown.simulation import Simulation
from tests.countdown.world import World
from tests.mailstorm.storm import environment, silence_logs


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.countdown", description=__doc__)
    parser.add_argument("--readers", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=16)
    args = parser.parse_args()
    silence_logs()
    with PrivatePostgres() as postgres, MailReceiver() as receiver:
        upgrade(postgres.url.replace("postgresql://", "postgresql+psycopg://", 1))
        installation = make_installation(load_settings(environment(postgres.url), broker=False))
        try:
            played = Simulation(installation, receiver, World(args.seed, args.readers))
            played.run()
        finally:
            installation.engine.dispose()
    found = table.faults(played)
    print(f"{args.readers} readers, seed {args.seed}: {len(played.arrived)} emails arrived,")
    print(
        f"{played.world.gifts} gifts, {len(played.world.left)} left, {played.told} told of the extension"
    )
    print(*table.lines(played), "", *table.texts(played), "", *table.loads(played), sep="\n")
    print(*found, f"{len(found)} broken promises", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
