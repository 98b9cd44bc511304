"""Many rounds: every point is learned, then each is killed at, among troubles at random; and the account of it all."""

import copy
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from tests.chaos.checking import DOUBLED, LOST, WRONG, Finding, check_bank
from tests.chaos.house import House
from tests.chaos.rounds import Game, Played, Script
from tests.chaos.troubles import (
    Crash,
    Deliveries,
    MailFault,
    Quiet,
    StripeFault,
    Trouble,
    a_kill,
    some_trouble,
)

LEARNING = 6
"""So many rounds show, without a death, which points there are."""

EXTRA = 60
"""So many rounds more are played at most for points that were planned and not passed in their round."""

FOREMOST = ("checkout.*", "payment_intent.*", "invoice*")
"""The events that tell of payments."""

ESSENTIAL = (
    "web:checkout.flow._begin.commit",
    "web:checkout.flow.open_session.stripe",
    "web:checkout.flow._keep.commit",
    "web:checkout.sync.sync_session.stripe",
    "web:checkout.sync.sync_session.commit",
    "web:web.webhooks.stripe.receive.commit",
    "web:web.webhooks.stripe.receive.nudge",
    "worker:stripe_events.process.apply_next_event.commit",
    "worker:emails.delivery.deliver_batch.commit",
    "worker:emails.delivery.deliver.mail",
    "worker:emails.delivery.deliver.commit",
    "worker:stripe_events.recovery.recover_events.stripe",
    "worker:stripe_events.recovery.recover_events.commit",
)
"""The road of the money. Where one of them is never passed, the harness is blind and may not say that all is well."""


class Account:
    """What was tried, hit and found so far."""

    def __init__(self) -> None:
        self.passed: Counter[str] = Counter()
        self.hit: Counter[str] = Counter()
        self.troubles: Counter[str] = Counter()
        self.findings: list[Finding] = []
        self.gifts = self.raised = self.repeated = self.rounds = 0

    def add(self, played: Played, hit: Counter[str]) -> None:
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
        """Essential points that no process ever passed."""
        wanted = [f"{name}.{side}" for name in ESSENTIAL for side in ("before", "after")]
        return [point for point in wanted if not self.passed[point]]

    @property
    def never_hit(self) -> list[str]:
        return sorted(self.passed.keys() - self.hit.keys())

    def fine(self, *, every_point: bool) -> bool:
        return not self.findings and not self.missing and not (every_point and self.never_hit)


class Plan:
    """Which round comes next. A point is tried in the kind of round in which it was first passed."""

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
            Script((Quiet(),), monthly=1, regretted=1),
            # What goes back is heard of, and the payment is not: Stripe is asked whose it was.
            Script(tuple(Deliveries("lose", match) for match in FOREMOST), monthly=2),
        ]
        """Rounds without a death, which between them pass the points of good and bad days."""

    def learn(self, played: Played, script: Script) -> None:
        """Where which points were passed; what is new is queued."""
        for point, passings in played.passed.items():
            if point not in self._under:
                self._under[point] = script
                self._queue.append(point)
            self._passings[point] = passings

    def next(self, left: int, hit: Counter[str]) -> Script | None:
        """A kill at a point that was not hit yet, or anything else; `left` rounds are to come.

        When none is left, what is not hit yet is tried again, and None says that all is done.
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
        kill = a_kill(point, self._passings[point], self._chance)
        return replace(fresh(script), troubles=(*fresh(script).troubles, kill))

    def _anything(self) -> Script:
        """One trouble as a rule, sometimes several, with a death at a named point among them."""
        chance = self._chance
        troubles: list[Trouble] = [some_trouble(chance)]
        if chance.random() < 0.3:
            point = chance.choice(sorted(self._under))
            troubles += [some_trouble(chance), a_kill(point, self._passings[point], chance)]
        return Script(
            tuple(troubles),
            monthly=int(chance.random() < 0.2),
            regretted=int(chance.random() < 0.2),
        )


def fresh(script: Script) -> Script:
    """The same again, its troubles as they were before they began. A death may be what leads to a point."""
    kept = [one for one in script.troubles if not isinstance(one, Quiet)]
    return replace(script, troubles=tuple(copy.deepcopy(one) for one in kept))


def play_campaign(house: House, rounds: int, seed: int, account: Account) -> Iterator[Played]:
    """`rounds` rounds, and more for points that a long campaign has not hit. Keeps `account`."""
    game = Game(house, seed)
    plan = Plan(game.chance)
    for number in range(rounds + EXTRA):
        if number >= rounds and not _long(rounds, account):
            break
        hit = Counter(death.point for death in house.ground.deaths())
        script = plan.next(rounds - number, hit)
        if script is None:
            break
        known = fresh(script)
        played = game.play(script)
        account.add(played, Counter(death.point for death in house.ground.deaths()))
        plan.learn(played, known)
        yield played
    account.findings += check_bank(house, game.people)


def _long(rounds: int, account: Account) -> bool:
    """Whether there were rounds enough to demand that every point is hit."""
    return rounds >= len(account.passed)


KINDS = (LOST, DOUBLED, WRONG)
