"""Faults during a burst. Each trouble reports afterwards whether and how it happened."""

import contextlib
import random
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import psutil

from sandbox.stripe.control import faults
from tests.chaos.kill_orders import GROUP, PROCESS, Death
from tests.chaos.service import ServiceUnderTest

BURST_SECONDS = 1.5
"""Seconds after the start of the burst within which troubles without a kill point begin."""

STRIPE_FAULTS = ("drop_after", "drop_before", "500", "429", "409", "slow")
DELIVERIES = ("duplicate", "reverse", "reorder", "lose", "hold", "delay")


class Trouble(ABC):
    """One fault. `begin` may take a while; `end` runs after the burst, and `clear` when all is quiet again."""

    name: str

    @abstractmethod
    def begin(self, service: ServiceUnderTest) -> None: ...

    def end(self, service: ServiceUnderTest) -> None:  # noqa: B027 - most need no cleanup
        """Undo what would prevent the round from becoming quiet."""

    def clear(self, service: ServiceUnderTest) -> None:  # noqa: B027 - likewise
        """Undo what did not happen, before the next round."""

    def what_happened(self, service: ServiceUnderTest) -> str:
        return "done"


@dataclass
class Quiet(Trouble):
    """No fault, to record the kill points."""

    name: str = "none"

    def begin(self, service: ServiceUnderTest) -> None:
        """Do nothing."""


@dataclass
class Kill(Trouble):
    """SIGKILL at the `number`-th pass of a named point."""

    point: str
    number: int = 1
    scope: str = PROCESS
    _before: int = 0

    @property
    def name(self) -> str:  # type: ignore[override] # made of what it does
        return f"kill at {self.point}, passing {self.number}, {self.scope}"

    def begin(self, service: ServiceUnderTest) -> None:
        self._before = len(service.kill_orders.deaths())
        service.kill_orders.order(self.point, self.number, self.scope)

    def clear(self, service: ServiceUnderTest) -> None:
        service.kill_orders.cancel_orders()

    def what_happened(self, service: ServiceUnderTest) -> str:
        later = service.kill_orders.deaths()[self._before :]
        return death_outcome([death for death in later if death.point == self.point])


def death_outcome(deaths: list[Death]) -> str:
    if not deaths:
        return "never passed"
    about = sorted({death.about for death in deaths if death.about})
    return f"hit{' at ' + ', '.join(about) if about else ''}"


@dataclass
class RandomKills(Trouble):
    """SIGKILL to random processes of the service, including masters, at random moments."""

    moments: list[float]
    choices: random.Random = field(repr=False)
    name: str = "random kills"
    _hit: list[str] = field(default_factory=list)

    def begin(self, service: ServiceUnderTest) -> None:
        began = time.monotonic()
        for moment in sorted(self.moments):
            time.sleep(max(0.0, moment - (time.monotonic() - began)))
            live_processes = service.supervisor.live_processes()
            if live_processes:
                role, process = self.choices.choice(live_processes)
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
                    self._hit.append(f"{role} {moment:.2f} s")

    def what_happened(self, service: ServiceUnderTest) -> str:
        return ", ".join(self._hit) or "no process was running"


@dataclass
class Crash(Trouble):
    """PostgreSQL or the broker crashes during the burst and restarts."""

    server: str
    moment: float

    @property
    def name(self) -> str:  # type: ignore[override] # made of what it does
        return f"{self.server} crashes"

    def begin(self, service: ServiceUnderTest) -> None:
        time.sleep(self.moment)
        (service.postgres if self.server == "postgres" else service.broker).crash()

    def what_happened(self, service: ServiceUnderTest) -> str:
        return f"after {self.moment:.2f} s"


@dataclass
class StripeFault(Trouble):
    """Stripe drops, rejects or delays responses. `drop_after` executes the request without a response."""

    mode: str
    match: str
    times: int

    @property
    def name(self) -> str:  # type: ignore[override] # made of what it does
        return f"Stripe: {self.mode} of {self.match}, {self.times} times"

    def begin(self, service: ServiceUnderTest) -> None:
        service.stripe.fault(self.match, self.mode, self.times, 1.0)

    def clear(self, service: ServiceUnderTest) -> None:
        self._left = sum(fault["times"] or 0 for fault in faults.waiting(service.stripe.account))
        service.stripe.clear_faults()

    def what_happened(self, service: ServiceUnderTest) -> str:
        return f"{self.times - self._left} met"


@dataclass
class Deliveries(Trouble):
    """Events arrive twice, out of order, late, or not until they are fetched."""

    mode: str
    match: str = "*"

    @property
    def name(self) -> str:  # type: ignore[override] # made of what it does
        return f"webhooks: {self.mode} of {self.match}"

    def begin(self, service: ServiceUnderTest) -> None:
        self._first = len(service.stripe.account.every("event"))
        service.stripe.deliver(self.mode, self.match, times=3, seconds=1.0)

    def end(self, service: ServiceUnderTest) -> None:
        service.stripe.deliver_normally()
        service.stripe.release(order="random")

    def what_happened(self, service: ServiceUnderTest) -> str:
        return f"{len(service.stripe.account.every('event')) - self._first} events"


@dataclass
class MailFault(Trouble):
    """The mail server drops the connection after or before accepting an email, or is busy."""

    mode: str
    times: int

    @property
    def name(self) -> str:  # type: ignore[override] # made of what it does
        return f"mail: {self.mode}, {self.times} times"

    def begin(self, service: ServiceUnderTest) -> None:
        if self.mode == "busy":
            service.mail.answer("450 4.2.1 Mailbox busy", times=self.times)
        else:
            kept = self.mode == "dropped after DATA"
            service.mail.drop(after_data=True, times=self.times, keep=kept)

    def clear(self, service: ServiceUnderTest) -> None:
        service.mail.accept()


class CombinedTrouble(Trouble):
    """Several troubles at the same time, each on its own thread."""

    def __init__(self, *troubles: Trouble) -> None:
        self.troubles = troubles
        self.name = " + ".join(trouble.name for trouble in troubles)
        self._threads: list[threading.Thread] = []

    def begin(self, service: ServiceUnderTest) -> None:
        for trouble in self.troubles:
            thread = threading.Thread(target=trouble.begin, args=(service,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self, service: ServiceUnderTest) -> None:
        for thread in self._threads:
            thread.join()
        for trouble in self.troubles:
            trouble.end(service)

    def clear(self, service: ServiceUnderTest) -> None:
        for trouble in self.troubles:
            trouble.clear(service)

    def what_happened(self, service: ServiceUnderTest) -> str:
        return "; ".join(trouble.what_happened(service) for trouble in self.troubles)


def random_trouble(chance: random.Random) -> Trouble:
    """Return a random trouble without a kill point."""
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


def random_kill(point: str, passings: int, chance: random.Random) -> Kill:
    """Return a kill at one of the first passes that such a round is known to have."""
    scope = GROUP if chance.random() < 0.15 else PROCESS
    return Kill(point, chance.randint(1, max(1, min(passings // 2, 6))), scope)
