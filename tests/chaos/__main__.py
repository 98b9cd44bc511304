"""`./dev chaos`: an installation whose processes are killed and whose servers crash while people give."""

import argparse
import logging
import random
import signal
import sys
import time

import structlog

from tests.chaos.house import whole_house
from tests.chaos.plan import KINDS, LEARNING, Account, play_campaign
from tests.chaos.rounds import Played


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, metavar="N", help="default 40")
    parser.add_argument("--seed", type=int, help="of what is asked for; printed, else random")
    asked = parser.parse_args()
    if asked.rounds < LEARNING:
        parser.error(
            f"at least {LEARNING}: the first show, without a death, which points there are"
        )
    # However it is asked to end, what it started ends with it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(130))
    seed = asked.seed if asked.seed is not None else random.randrange(1_000_000)
    # The harness's own connection has nothing to say about rounds in which Stripe and the broker are gone.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"{asked.rounds} rounds, seed {seed}", flush=True)
    account, began = Account(), time.monotonic()
    with whole_house() as house:
        for played in play_campaign(house, asked.rounds, seed, account):
            print("\n".join(line_of(played)), flush=True)
        restarts = house.supervisor.restarts()
        every_point = asked.rounds >= len(account.passed)
        print("\n".join(closing(account, every_point=every_point)))
        print(f"{restarts} masters started again; {time.monotonic() - began:.0f} s", flush=True)
    return 0 if account.fine(every_point=every_point) else 1


def line_of(played: Played) -> list[str]:
    """A line a round; what was found wrong below it, with what the donors met."""
    verdict = "ok" if not played.findings else "BROKEN"
    sums = f"{len(played.donors)} donors, {played.raised} raised"
    sums += f", {played.repeated} letters twice" if played.repeated else ""
    done = f"{played.trouble.name}: {played.happened}  ({sums}; {played.seconds:.1f} s)"
    lines = [f"{played.number:4}  {verdict:6}  {done}"]
    lines += [f"      {finding.kind}: {finding.words}" for finding in played.findings]
    if played.findings:
        lines += [f"      {donor}" for donor in played.donors]
    return lines


def closing(account: Account, *, every_point: bool) -> list[str]:
    """Every kill point with how often it was passed and hit, and the sums."""
    width = max(map(len, account.passed), default=0)
    lines = ["", f"{'kill point':{width}}  passed  killed"]
    lines += [
        f"{point:{width}}  {account.passed[point]:6}  {account.hit[point]:6}"
        for point in sorted(account.passed)
    ]
    lines += [f"NEVER PASSED: {point}" for point in account.missing]
    if account.never_hit:
        words = "NEVER HIT" if every_point else "not tried in so few rounds"
        lines += [f"{words}: {point}" for point in account.never_hit]
    tried = ", ".join(f"{name}: {times}" for name, times in account.troubles.most_common())
    hit = f"{len(account.hit)} of {len(account.passed)} points hit"
    twice = f"{account.repeated} letters twice under one Message-ID"
    gifts = f"{account.gifts} donors, {account.raised} raised (minor units)"
    sums = ", ".join(f"{kind}: {account.count(kind)}" for kind in KINDS)
    lines += [f"{finding.kind}: {finding.words}" for finding in account.findings]
    return [
        *lines,
        "",
        f"tried: {tried}",
        f"{account.rounds} rounds, {gifts}, {hit}, {twice}",
        sums,
    ]


if __name__ == "__main__":
    sys.exit(main())
