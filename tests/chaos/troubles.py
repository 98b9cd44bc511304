"""What is done to the installation during a burst. Each trouble says afterwards whether it happened, and how."""

import contextlib
import random
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import psutil

from sandbox.stripe.control import faults
from tests.chaos.ground import GROUP, PROCESS, Death
from tests.chaos.house import House

BURST_SECONDS = 1.5
"""Within so long after the burst began troubles that have no point of their own begin."""

STRIPE_FAULTS = ("drop_after", "drop_before", "500", "429", "409", "slow")
DELIVERIES = ("duplicate", "reverse", "reorder", "lose", "hold", "delay")


class Trouble(ABC):
    """One thing that goes wrong. `begin` may take a while; `end` follows the burst, `clear` when all is quiet again."""

    name: str

    @abstractmethod
    def begin(self, house: House) -> None: ...

    def end(self, house: House) -> None:  # noqa: B027 - most leave nothing behind
        """Undo what would keep the round from ever becoming quiet."""

    def clear(self, house: House) -> None:  # noqa: B027 - likewise
        """Undo what was not met, before the next round."""

    def what_happened(self, house: House) -> str:
        return "done"


@dataclass
class Quiet(Trouble):
    """Nothing, to learn which points there are."""

    name: str = "none"

    def begin(self, house: House) -> None:
        """Nothing."""


@dataclass
class Kill(Trouble):
    """SIGKILL at a named point, at its `number`-th passing."""

    point: str
    number: int = 1
    scope: str = PROCESS
    _before: int = 0

    @property
    def name(self) -> str:  # type: ignore[override] # made of what it does
        return f"kill at {self.point}, passing {self.number}, {self.scope}"

    def begin(self, house: House) -> None:
        self._before = len(house.ground.deaths())
        house.ground.order(self.point, self.number, self.scope)

    def clear(self, house: House) -> None:
        house.ground.withdraw()

    def what_happened(self, house: House) -> str:
        later = house.ground.deaths()[self._before :]
        return told([death for death in later if death.point == self.point])


def told(deaths: list[Death]) -> str:
    if not deaths:
        return "never passed"
    about = sorted({death.about for death in deaths if death.about})
    return f"hit{' at ' + ', '.join(about) if about else ''}"


@dataclass
class RandomKills(Trouble):
    """SIGKILL at random moments to random processes of the service, masters among them."""

    moments: list[float]
    choices: random.Random = field(repr=False)
    name: str = "random kills"
    _hit: list[str] = field(default_factory=list)

    def begin(self, house: House) -> None:
        began = time.monotonic()
        for moment in sorted(self.moments):
            time.sleep(max(0.0, moment - (time.monotonic() - began)))
            family = house.supervisor.family()
            if family:
                role, process = self.choices.choice(family)
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
                    self._hit.append(f"{role} {moment:.2f} s")

    def what_happened(self, house: House) -> str:
        return ", ".join(self._hit) or "nobody was there"


@dataclass
class Crash(Trouble):
    """PostgreSQL or the broker crashes mid-burst and starts again."""

    server: str
    moment: float

    @property
    def name(self) -> str:  # type: ignore[override] # made of what it does
        return f"{self.server} crashes"

    def begin(self, house: House) -> None:
        time.sleep(self.moment)
        (house.postgres if self.server == "postgres" else house.broker).crash()

    def what_happened(self, house: House) -> str:
        return f"after {self.moment:.2f} s"


@dataclass
class StripeFault(Trouble):
    """Stripe's answers are cut, refused or late; `drop_after` does the work and says nothing."""

    mode: str
    match: str
    times: int

    @property
    def name(self) -> str:  # type: ignore[override] # made of what it does
        return f"Stripe: {self.mode} of {self.match}, {self.times} times"

    def begin(self, house: House) -> None:
        house.stripe.fault(self.match, self.mode, self.times, 1.0)

    def clear(self, house: House) -> None:
        self._left = sum(fault["times"] or 0 for fault in faults.waiting(house.stripe.account))
        house.stripe.clear_faults()

    def what_happened(self, house: House) -> str:
        return f"{self.times - self._left} met"


@dataclass
class Deliveries(Trouble):
    """Events that come twice, out of order, late, or not at all until they are asked for."""

    mode: str
    match: str = "*"

    @property
    def name(self) -> str:  # type: ignore[override] # made of what it does
        return f"webhooks: {self.mode} of {self.match}"

    def begin(self, house: House) -> None:
        self._first = len(house.stripe.account.every("event"))
        house.stripe.deliver(self.mode, self.match, times=3, seconds=1.0)

    def end(self, house: House) -> None:
        house.stripe.deliver_normally()
        house.stripe.release(order="random")

    def what_happened(self, house: House) -> str:
        return f"{len(house.stripe.account.every('event')) - self._first} events"


@dataclass
class MailFault(Trouble):
    """The mail server takes a letter and hangs up without a word, hangs up before, or is busy."""

    mode: str
    times: int

    @property
    def name(self) -> str:  # type: ignore[override] # made of what it does
        return f"mail: {self.mode}, {self.times} times"

    def begin(self, house: House) -> None:
        if self.mode == "busy":
            house.mail.answer("450 4.2.1 Mailbox busy", times=self.times)
        else:
            kept = self.mode == "dropped after DATA"
            house.mail.drop(after_data=True, times=self.times, keep=kept)

    def clear(self, house: House) -> None:
        house.mail.accept()


class Together(Trouble):
    """Several at a time, each on a thread of its own."""

    def __init__(self, *troubles: Trouble) -> None:
        self.troubles = troubles
        self.name = " + ".join(trouble.name for trouble in troubles)
        self._threads: list[threading.Thread] = []

    def begin(self, house: House) -> None:
        for trouble in self.troubles:
            thread = threading.Thread(target=trouble.begin, args=(house,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self, house: House) -> None:
        for thread in self._threads:
            thread.join()
        for trouble in self.troubles:
            trouble.end(house)

    def clear(self, house: House) -> None:
        for trouble in self.troubles:
            trouble.clear(house)

    def what_happened(self, house: House) -> str:
        return "; ".join(trouble.what_happened(house) for trouble in self.troubles)


def some_trouble(chance: random.Random) -> Trouble:
    """One of those without a point of their own."""
    moment = chance.uniform(0.1, BURST_SECONDS)
    moments = [chance.uniform(0.0, BURST_SECONDS) for _ in range(chance.randrange(1, 4))]
    target = chance.choice(("POST /v1/checkout/sessions", "GET *", "*"))
    return chance.choice(
        (
            RandomKills(moments, random.Random(chance.random())),
            RandomKills(moments, random.Random(chance.random())),
            Crash("postgres", moment),
            Crash("broker", moment),
            StripeFault("drop_after", "POST /v1/checkout/sessions", chance.randrange(1, 9)),
            StripeFault(chance.choice(STRIPE_FAULTS), target, chance.randrange(1, 6)),
            Deliveries(chance.choice(DELIVERIES)),
            MailFault(
                chance.choice(("dropped after DATA", "dropped before", "busy")),
                chance.randrange(1, 4),
            ),
        )
    )


def a_kill(point: str, passings: int, chance: random.Random) -> Kill:
    """At one of the first passings that a round is known to have."""
    scope = GROUP if chance.random() < 0.15 else PROCESS
    return Kill(point, chance.randint(1, max(1, min(passings // 2, 6))), scope)
