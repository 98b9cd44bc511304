"""`./dev seed`: a past for the database of the caller, of the `./dev run` now running here, or of its kept folder."""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from campaign.core import clock
from campaign.core.errors import CampaignError
from campaign.migrations import is_current, upgrade
from campaign.runtime.context import Installation, make_installation
from sandbox import demonstration
from sandbox.record import AlreadyRunningError, RunRecord, completed, environment_of_run
from sandbox.seed.filling import Wanted, fill, holds_other_gifts
from sandbox.servers import PrivatePostgres, ServerError
from sandbox.stand_ins import fixed_environment

ROOT = Path(__file__).resolve().parents[2]
NO_MAIL_SERVER = "smtp://127.0.0.1:9"


class SeedRefused(RuntimeError):
    """Nothing was changed; the text says why."""


def main(arguments: list[str] | None = None) -> int:
    asked = parser().parse_args(arguments)
    try:
        with _installation(asked.data.absolute()) as installation:
            _refuse(installation, add=asked.add)
            demonstration.seed(installation)
            wanted = Wanted(asked.donations, asked.campaigns, asked.seed, clock.now())
            print(
                f"{wanted.gifts:,} gifts in {wanted.campaigns} campaigns, seed {wanted.seed}",
                flush=True,
            )
            begun = time.perf_counter()
            fill(installation, wanted, lambda line: print(line, flush=True))
            print(
                f"{time.perf_counter() - begun:.1f} s; `campaign ledger check` looks at all of it"
            )
    except (SeedRefused, ServerError, AlreadyRunningError, CampaignError, OSError) as error:
        print(f"dev seed: {error}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="./dev seed", description=__doc__)
    made.add_argument("--donations", type=_positive, default=2000, metavar="N", help="default 2000")
    made.add_argument("--campaigns", type=_positive, default=3, metavar="N", help="default 3")
    made.add_argument("--seed", type=int, default=1, help="another one draws other gifts")
    made.add_argument(
        "--data",
        type=Path,
        default=ROOT / "var",
        metavar="DIR",
        help="as `./dev run`; default var/",
    )
    made.add_argument("--add", action="store_true", help="also beside gifts that were not seeded")
    return made


def _positive(text: str) -> int:
    number = int(text)
    if not 0 < number <= 10_000_000:
        raise argparse.ArgumentTypeError("must be from 1 to 10,000,000")
    return number


@contextmanager
def _installation(folder: Path) -> Iterator[Installation]:
    """Of the caller's DATABASE_URL, else the run's that holds `folder`, else of a server for this time only."""
    folder.mkdir(parents=True, exist_ok=True)
    stand_ins = fixed_environment(folder, "http://127.0.0.1:8000") | {"SMTP_URL": NO_MAIL_SERVER}
    running = environment_of_run(folder)
    environment = completed(completed(os.environ, running), stand_ins)
    if environment.get("DATABASE_URL") or environment.get("DATABASE_URL_FILE"):
        yield _made(environment)
        return
    with RunRecord(folder), PrivatePostgres(folder / "postgres", durable=True) as postgres:
        upgrade(postgres.url.replace("postgresql://", "postgresql+psycopg://", 1))
        installation = _made(environment | {"DATABASE_URL": postgres.url})
        yield installation
        installation.engine.dispose()


def _made(environment: dict[str, str]) -> Installation:
    os.environ.update(environment)
    return make_installation(broker=False)


def _refuse(installation: Installation, *, add: bool) -> None:
    if installation.settings.livemode:
        raise SeedRefused(
            "STRIPE_SECRET_KEY is a live key: made-up gifts never go beside real ones"
        )
    with installation.engine.connect() as connection:
        if not is_current(connection):
            raise SeedRefused("the database is not at head; run `campaign db upgrade` first")
    with installation.sessions() as session:
        if not add and holds_other_gifts(session):
            raise SeedRefused(
                "the database holds gifts that were not seeded; --add puts made-up ones beside them"
            )


if __name__ == "__main__":
    sys.exit(main())
