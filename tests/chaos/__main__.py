"""`./dev chaos`: an installation whose processes are killed and whose servers crash while people give."""

import argparse
import logging
import random
import signal
import sys
import time

import structlog

from tests.chaos.plan import KINDS, LEARNING, ChaosTally, play_campaign
from tests.chaos.rounds import RoundResult
from tests.chaos.service import running_service


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, metavar="N", help="default 40")
    parser.add_argument(
        "--seed", type=int, help="seed of the random choices; default random and printed"
    )
    args = parser.parse_args()
    if args.rounds < LEARNING:
        parser.error(
            f"at least {LEARNING}: the first rounds only record which kill points there are"
        )
    # On SIGINT and SIGTERM, stop everything that was started.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(130))
    seed = args.seed if args.seed is not None else random.randrange(1_000_000)
    # Silence the harness's own log lines while Stripe and the broker are unavailable.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"{args.rounds} rounds, seed {seed}", flush=True)
    tally, began = ChaosTally(), time.monotonic()
    with running_service() as service:
        for played in play_campaign(service, args.rounds, seed, tally):
            print("\n".join(line_of(played)), flush=True)
        restarts = service.supervisor.restarts()
        every_point = args.rounds >= len(tally.passed)
        print("\n".join(summary_lines(tally, every_point=every_point)))
        print(f"{restarts} masters restarted; {time.monotonic() - began:.0f} s", flush=True)
    return 0 if tally.fine(every_point=every_point) else 1


def line_of(played: RoundResult) -> list[str]:
    """Return one line for the round, followed by its findings and donors if there are findings."""
    verdict = "ok" if not played.findings else "BROKEN"
    sums = f"{len(played.donors)} donors, {played.raised} raised"
    sums += f", {played.repeated} emails sent twice" if played.repeated else ""
    done = f"{played.trouble.name}: {played.happened}  ({sums}; {played.seconds:.1f} s)"
    lines = [f"{played.number:4}  {verdict:6}  {done}"]
    lines += [f"      {finding.kind}: {finding.words}" for finding in played.findings]
    if played.findings:
        lines += [f"      {donor}" for donor in played.donors]
    return lines


def summary_lines(tally: ChaosTally, *, every_point: bool) -> list[str]:
    """Return every kill point with the number of passes and kills, and the totals."""
    width = max(map(len, tally.passed), default=0)
    lines = ["", f"{'kill point':{width}}  passed  killed"]
    lines += [
        f"{point:{width}}  {tally.passed[point]:6}  {tally.hit[point]:6}"
        for point in sorted(tally.passed)
    ]
    lines += [f"NEVER PASSED: {point}" for point in tally.missing]
    if tally.never_hit:
        words = "NEVER HIT" if every_point else "not tried in so few rounds"
        lines += [f"{words}: {point}" for point in tally.never_hit]
    tried = ", ".join(f"{name}: {times}" for name, times in tally.troubles.most_common())
    hit = f"{len(tally.hit)} of {len(tally.passed)} points hit"
    twice = f"{tally.repeated} emails sent twice with the same Message-ID"
    gifts = f"{tally.gifts} donors, {tally.raised} raised (minor units)"
    sums = ", ".join(f"{kind}: {tally.count(kind)}" for kind in KINDS)
    lines += [f"{finding.kind}: {finding.words}" for finding in tally.findings]
    return [
        *lines,
        "",
        f"tried: {tried}",
        f"{tally.rounds} rounds, {gifts}, {hit}, {twice}",
        sums,
    ]


if __name__ == "__main__":
    sys.exit(main())
