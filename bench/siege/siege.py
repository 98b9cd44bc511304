"""`./dev bench siege`: 20,000 attempts of thieves among 500 honest donors, from one, 300 and 5,000 addresses.

It prints what reaches Stripe and how many honest donors are held up, with the protection and, on a sample, without.
"""

import logging
import os
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from bench.serving import environment
from bench.siege.people import HELD_UP, Donors, DonorTally, Tally, Thieves
from bench.siege.scene import Scene, scene
from campaign.card_testing.assessment import Attempt, Demand
from campaign.core.observability import observe
from campaign.migrations import upgrade
from campaign.runtime.context import Installation, make_installation
from campaign.web.giving import card_testing_gate
from sandbox.demonstration import seed
from sandbox.servers import PrivatePostgres
from sandbox.stripe import StripeSandbox

MOST_SESSIONS = 0.10
"""Of the thieves' attempts, that may open a session at Stripe."""
MOST_HELD_UP = 0.01
"""Of the honest donors."""
LIBRARY = "192.0.2.77"


@dataclass(frozen=True)
class SiegePlan:
    """`addresses`: numbers of networks that thieves have, a siege each. `unprotected`: attempts of the sample without.

    `at_once` donors arrive within ten seconds, `readers` share a library's address.
    """

    attempts: int = 20_000
    addresses: tuple[int, ...] = (1, 300, 5_000)
    donors: int = 500
    at_once: int = 200
    readers: int = 60
    hours: float = 2.0
    proofs_per_minute: float = 10.0
    unprotected: int = 1_000


@dataclass(frozen=True)
class SiegeRow:
    """A line of the table; `failed` if it misses a target."""

    text: str
    failed: bool = False

    def line(self) -> str:
        return f"{self.text}{'  MISSED' if self.failed else ''}"


@dataclass(frozen=True)
class Outcome:
    """What came of one siege."""

    thieves: dict[str, Tally]
    donors: DonorTally
    at_once: DonorTally
    seconds: float

    @property
    def total(self) -> Tally:
        found = self.thieves.values()
        return Tally(
            sum(one.attempts for one in found),
            sum(one.sessions for one in found),
            sum(one.cards for one in found),
        )


def siege(plan: SiegePlan) -> Iterator[SiegeRow]:
    """Yield the table of each siege. Time is simulated; everything else is real."""
    yield SiegeRow(
        f"siege: {plan.attempts:,} attempts in {plan.hours:g} hours of simulated time, {plan.donors} honest donors"
        f" ({plan.at_once} within ten seconds, {plan.readers} at one library's address)"
    )
    yield SiegeRow(
        f"siege: thieves try up to 3 cards a session and can work out {plan.proofs_per_minute:g} proofs a minute"
    )
    if plan.unprotected:
        sample = replace(plan, attempts=plan.unprotected)
        with _fresh() as (installation, stripe), _unprotected():
            found = play(sample, 300, installation, stripe, applying=False)
        yield from _rows(f"without protection, a sample of {plan.unprotected:,}", found, judged=False)
    for addresses in plan.addresses:
        with _fresh() as (installation, stripe):
            found = play(plan, addresses, installation, stripe)
        yield from _rows(f"from {addresses:,} addresses", found)


def play(
    plan: SiegePlan,
    addresses: int,
    installation: Installation,
    stripe: StripeSandbox,
    *,
    applying: bool = True,
) -> Outcome:
    """Play one siege on an installation with the demonstration campaign."""
    begun, dice = time.perf_counter(), random.Random(17)  # noqa: S311 - a game
    with scene(installation, stripe, applying=applying) as here:
        thieves = Thieves(here, dice, _networks(addresses), plan.proofs_per_minute)
        donors, at_once = Donors(here, dice), Donors(here, dice)
        _enter_thieves(here, thieves, plan, dice)
        _enter_donors(here, donors, at_once, plan, dice)
        here.play()
    return Outcome(thieves.tallies, donors.tally, at_once.tally, time.perf_counter() - begun)


def _enter_thieves(
    here: Scene, thieves: Thieves, plan: SiegePlan, dice: random.Random
) -> None:
    seconds, kinds = plan.hours * 3600, thieves.kinds()
    weights = [share for share, _ in kinds.values()]
    for _ in range(plan.attempts):
        (begin,) = dice.choices([begin for _, begin in kinds.values()], weights)
        here.at(dice.uniform(0, seconds), begin())


def _enter_donors(
    here: Scene, donors: Donors, at_once: Donors, plan: SiegePlan, dice: random.Random
) -> None:
    """Donors come as people do: some at any time, some from one library, many at once after an email."""
    seconds = plan.hours * 3600
    for number in range(plan.donors):
        network = f"198.{18 + number % 2}.{number // 2 % 250}.{dice.randrange(1, 250)}"
        if number < plan.at_once:
            form = here.load(network)
            moment = seconds / 2 + dice.uniform(0, 10)
            here.at(moment, at_once.give(number, network, form))
        elif number < plan.at_once + plan.readers:
            begin = dice.uniform(seconds / 4, seconds / 4 + 1800)
            here.at(begin, donors.donor(number, LIBRARY))
        else:
            here.at(dice.uniform(0, seconds), donors.donor(number, network))


def _networks(addresses: int) -> list[str]:
    """Return addresses spread over many networks, as a botnet's are."""
    return [
        f"{20 + number % 180}.{number // 180 % 250}.{number * 7 % 250}.9" for number in range(addresses)
    ]


def _rows(name: str, found: Outcome, *, judged: bool = True) -> Iterator[SiegeRow]:
    yield SiegeRow("")
    yield SiegeRow(f"{name:<44}{'attempts':>9}{'sessions':>10}{'cards':>8}")
    for kind, tally in [*sorted(found.thieves.items()), ("thieves, all", found.total)]:
        share = tally.sessions / tally.attempts
        missed = judged and kind == "thieves, all" and share > MOST_SESSIONS
        yield SiegeRow(
            f"  {kind:<42}{tally.attempts:>9,}{tally.sessions:>10,}{tally.cards:>8,}   {share:6.1%}",
            missed,
        )
    for kind, donors in (("honest donors", found.donors), ("honest, within ten seconds", found.at_once)):
        yield _donor_row(kind, donors, judged=judged)
    yield SiegeRow(f"  {found.seconds:,.0f} s of real time")


def _donor_row(kind: str, donors: DonorTally, *, judged: bool) -> SiegeRow:
    share = donors.held_up / max(1, donors.donors)
    most = 0.0 if "ten seconds" in kind else MOST_HELD_UP
    return SiegeRow(
        f"  {kind}: {donors.donors}, asked for a proof {donors.proofs}, for a wait {donors.waits};"
        f" held up (turned away, or over {HELD_UP:g} s) {donors.held_up} ({share:.1%}),"
        f" turned away {donors.turned_away}; gave {donors.given}",
        judged and share > most,
    )


@contextmanager
def _fresh() -> Iterator[tuple[Installation, StripeSandbox]]:
    """Yield a new installation with the demonstration campaign, and a new Stripe account."""
    with ExitStack() as stack:
        postgres = stack.enter_context(PrivatePostgres())
        stripe = stack.enter_context(StripeSandbox(webhook_secret="whsec_bench"))  # noqa: S106 - made up
        upgrade(postgres.url.replace("postgresql://", "postgresql+psycopg://", 1))
        os.environ.update(environment(postgres.url, ""))
        os.environ.update(STRIPE_API_BASE=stripe.url, TRUSTED_PROXIES="1")
        os.environ.pop("BROKER_URL")
        installation = make_installation(broker=False)
        observe(installation.settings, "bench")
        logging.disable(logging.WARNING)
        seed(installation)
        yield installation, stripe
        installation.engine.dispose()


@contextmanager
def _unprotected() -> Iterator[None]:
    """Let every attempt through."""
    kept = card_testing_gate.assess

    def nothing(_here: Installation, _attempt: Attempt) -> Demand:
        return Demand("none")

    card_testing_gate.assess = nothing
    try:
        yield
    finally:
        card_testing_gate.assess = kept
