"""Many rounds: learn every kill point, then kill at each of them amid random troubles, and keep a tally."""

import copy
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from tests.chaos.checking import DOUBLED, LOST, WRONG, Finding, check_bank
from tests.chaos.rounds import Game, RoundResult, Script
from tests.chaos.service import ServiceUnderTest
from tests.chaos.troubles import (
    Crash,
    Deliveries,
    MailFault,
    Quiet,
    StripeFault,
    Trouble,
    random_kill,
    random_trouble,
)

LEARNING = 6
"""Number of first rounds without kills, which record the points."""

EXTRA = 60
"""Maximum number of extra rounds for points that were planned but not passed in their round."""

FOREMOST = ("checkout.*", "payment_intent.*", "invoice*")
"""Events about payments."""

ESSENTIAL = (
    "web:checkout.flow._begin.commit",
    "web:checkout.flow.open_session.stripe",
    "web:checkout.flow._keep.commit",
    "web:checkout.sync.sync_session.stripe",
    "web:checkout.sync.sync_session.commit",
    "web:web.webhooks.stripe.receive.commit",
    "web:web.webhooks.stripe.receive.nudge",
    "worker:stripe_events.process._InboxRun.apply_next.commit",
    "worker:emails.delivery._claim.commit",
    "worker:emails.delivery._hand_over.mail",
    "worker:emails.delivery.deliver.commit",
    "worker:stripe_events.recovery.recover_events.stripe",
    "worker:stripe_events.recovery.recover_events.commit",
)
"""Points that handle money. If one of them is never passed, the harness must not report success."""


class ChaosTally:
    """The points passed and hit, the troubles tried, and the findings so far."""

    def __init__(self) -> None:
        self.passed: Counter[str] = Counter()
        self.hit: Counter[str] = Counter()
        self.troubles: Counter[str] = Counter()
        self.findings: list[Finding] = []
        self.gifts = self.raised = self.repeated = self.rounds = 0

    def add(self, played: RoundResult, hit: Counter[str]) -> None:
        self.passed += played.passed
        self.hit = hit
        self.findings += played.findings
        self.gifts += len(played.donors)
        self.raised += played.raised
        self.repeated += played.repeated
        self.troubles.update(
            re.split(" at | of |,", one.name)[0] for one in played.trouble.troubles
        )
        self.rounds += 1

    def count(self, kind: str) -> int:
        return sum(finding.kind == kind for finding in self.findings)

    @property
    def missing(self) -> list[str]:
        """Essential points that no process has passed."""
        wanted = [f"{name}.{side}" for name in ESSENTIAL for side in ("before", "after")]
        return [point for point in wanted if not self.passed[point]]

    @property
    def never_hit(self) -> list[str]:
        return sorted(self.passed.keys() - self.hit.keys())

    def fine(self, *, every_point: bool) -> bool:
        return not self.findings and not self.missing and not (every_point and self.never_hit)


class Plan:
    """Choose the next round. A point is tried in the kind of round that first passed it."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._under: dict[str, Script] = {}
        self._passings: Counter[str] = Counter()
        self._queue: list[str] = []
        self._learning = [
            Script((Quiet(),)),
            Script((Deliveries("lose"),)),
            Script((MailFault("busy", 2), StripeFault("drop_after", "POST *", 6))),
            Script((Crash("postgres", 0.7), Crash("broker", 0.4))),
            Script((Quiet(),), monthly=1, refunded_donors=1),
            # Refund events arrive but payment events do not, so the service must look up the donation at Stripe.
            Script(tuple(Deliveries("lose", match) for match in FOREMOST), monthly=2),
        ]
        """Rounds without kills that together pass all points, with and without faults."""

    def learn(self, played: RoundResult, script: Script) -> None:
        """Record which points the round passed, and queue new ones."""
        for point, passings in played.passed.items():
            if point not in self._under:
                self._under[point] = script
                self._queue.append(point)
            self._passings[point] = passings

    def next(self, left: int, hit: Counter[str]) -> Script | None:
        """Return a kill at a point that was not hit yet, or another round. `left` rounds remain.

        After the last round, retry points that were not hit; return None when all is done.
        """
        if self._learning and left > 0:
            return self._learning.pop(0)
        self._queue = [point for point in self._queue if not hit[point]]
        pressing = len(self._queue) * 1.5 >= left
        if self._queue and (pressing or self._chance.random() < 0.6):
            point = self._queue.pop(0)
            self._queue.append(point)  # until it is known to be hit
            return self._kill(point)
        if left <= 0:
            return None
        if self._chance.random() < 0.25:
            return self._kill(self._chance.choice(sorted(self._under)))
        return self._anything()

    def _kill(self, point: str) -> Script:
        script = self._under[point]
        kill = random_kill(point, self._passings[point], self._chance)
        return replace(fresh(script), troubles=(*fresh(script).troubles, kill))

    def _anything(self) -> Script:
        """Return a round with one trouble or, sometimes, several and a kill at a named point."""
        chance = self._chance
        troubles: list[Trouble] = [random_trouble(chance)]
        if chance.random() < 0.3:
            point = chance.choice(sorted(self._under))
            troubles += [random_trouble(chance), random_kill(point, self._passings[point], chance)]
        return Script(
            tuple(troubles),
            monthly=int(chance.random() < 0.2),
            refunded_donors=int(chance.random() < 0.2),
        )


def fresh(script: Script) -> Script:
    """Return a copy of the script with its troubles reset, including kills that may lead to a point."""
    kept = [one for one in script.troubles if not isinstance(one, Quiet)]
    return replace(script, troubles=tuple(copy.deepcopy(one) for one in kept))


def play_campaign(
    service: ServiceUnderTest, rounds: int, seed: int, tally: ChaosTally
) -> Iterator[RoundResult]:
    """`rounds` rounds, and more for points that a long campaign has not hit. Keeps `account`."""
    game = Game(service, seed)
    plan = Plan(game.chance)
    for number in range(rounds + EXTRA):
        if number >= rounds and not _long(rounds, tally):
            break
        hit = Counter(death.point for death in service.kill_orders.deaths())
        script = plan.next(rounds - number, hit)
        if script is None:
            break
        known = fresh(script)
        played = game.play(script)
        tally.add(played, Counter(death.point for death in service.kill_orders.deaths()))
        plan.learn(played, known)
        yield played
    tally.findings += check_bank(service, game.people)


def _long(rounds: int, tally: ChaosTally) -> bool:
    """Return whether there were enough rounds to require that every point was hit."""
    return rounds >= len(tally.passed)


KINDS = (LOST, DOUBLED, WRONG)
