"""`./dev seed`: fill the caller's database, that of the running `./dev run`, or the one in its data folder."""

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
from sandbox.seed.filling import SeedPlan, fill, has_other_gifts
from sandbox.servers import PrivatePostgres, ServerError
from sandbox.stand_ins import fixed_environment

ROOT = Path(__file__).resolve().parents[2]
NO_MAIL_SERVER = "smtp://127.0.0.1:9"


class SeedRefused(RuntimeError):
    """Seeding is not allowed here. Nothing was changed; the message gives the reason."""


def main(arguments: list[str] | None = None) -> int:
    args = build_parser().parse_args(arguments)
    try:
        with _installation(args.data.absolute()) as installation:
            _require_safe_target(installation, add=args.add)
            demonstration.seed(installation)
            plan = SeedPlan(args.donations, args.campaigns, args.seed, clock.now())
            print(
                f"{plan.gifts:,} gifts in {plan.campaigns} campaigns, seed {plan.seed}",
                flush=True,
            )
            started = time.perf_counter()
            fill(installation, plan, lambda line: print(line, flush=True))
            print(
                f"{time.perf_counter() - started:.1f} s; check the result with `campaign ledger check`"
            )
    except (SeedRefused, ServerError, AlreadyRunningError, CampaignError, OSError) as error:
        print(f"dev seed: {error}", file=sys.stderr)
        return 1
    return 0


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev seed", description=__doc__)
    parser.add_argument(
        "--donations", type=_positive, default=2000, metavar="N", help="default 2000"
    )
    parser.add_argument("--campaigns", type=_positive, default=3, metavar="N", help="default 3")
    parser.add_argument(
        "--seed", type=int, default=1, help="a different seed creates different gifts"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=ROOT / "var",
        metavar="DIR",
        help="the data folder of `./dev run`; default var/",
    )
    parser.add_argument(
        "--add", action="store_true", help="seed even if the database holds other gifts"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if not 0 < number <= 10_000_000:
        raise argparse.ArgumentTypeError("must be from 1 to 10,000,000")
    return number


@contextmanager
def _installation(folder: Path) -> Iterator[Installation]:
    """Use the caller's DATABASE_URL, or the run that holds `folder`, or start a server on its data for now."""
    folder.mkdir(parents=True, exist_ok=True)
    stand_ins = fixed_environment(folder, "http://127.0.0.1:8000") | {"SMTP_URL": NO_MAIL_SERVER}
    running = environment_of_run(folder)
    environment = completed(completed(os.environ, running), stand_ins)
    if environment.get("DATABASE_URL") or environment.get("DATABASE_URL_FILE"):
        yield _installation_from(environment)
        return
    with RunRecord(folder), PrivatePostgres(folder / "postgres", durable=True) as postgres:
        upgrade(postgres.url.replace("postgresql://", "postgresql+psycopg://", 1))
        installation = _installation_from(environment | {"DATABASE_URL": postgres.url})
        yield installation
        installation.engine.dispose()


def _installation_from(environment: dict[str, str]) -> Installation:
    os.environ.update(environment)
    return make_installation(broker=False)


def _require_safe_target(installation: Installation, *, add: bool) -> None:
    if installation.settings.livemode:
        raise SeedRefused(
            "STRIPE_SECRET_KEY is a live key: a database with real gifts cannot be seeded"
        )
    with installation.engine.connect() as connection:
        if not is_current(connection):
            raise SeedRefused("the database is not at head; run `campaign db upgrade` first")
    with installation.sessions() as session:
        if not add and has_other_gifts(session):
            raise SeedRefused(
                "the database holds gifts that were not seeded; to add sample gifts anyway, use --add"
            )


if __name__ == "__main__":
    sys.exit(main())
