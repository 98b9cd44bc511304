"""Who comes to a siege: five kinds of thieves, and honest donors with and without JavaScript."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.siege.scene import GOOD, STOLEN, Actor, Posted, Scene

DERIVATION = 0.004
"""Seconds that one derivation of a proof of work takes on a slow phone."""
USUAL_PROOF = 300
"""Derivations of a proof of work at the usual difficulty."""
NO_SCRIPTS = 1 / 200
"""Donors whose browser does not run our script, though it has to run Stripe's. GOV.UK counted 0.2 % of visitors with
JavaScript off and 0.9 % whose script did not arrive: https://gds.blog.gov.uk/2013/10/21/how-many-people-are-missing-out-on-javascript-enhancement/
"""
CARDS_A_SESSION = 3
"""Stolen cards that a thief tries on one of Stripe's pages before it opens another."""
HELD_UP = 3.0
"""Seconds beyond which an honest donor was held up; a proof of work takes less."""


@dataclass
class Tally:
    """What one kind of people achieved."""

    attempts: int = 0
    sessions: int = 0
    cards: int = 0


@dataclass
class DonorTally:
    """Honest donors: how many there were, were asked for a proof or a wait, were held up, or turned away."""

    donors: int = 0
    proofs: int = 0
    waits: int = 0
    held_up: int = 0
    turned_away: int = 0
    given: int = 0


@dataclass
class Thieves:
    """All thieves of a siege, with their addresses.

    `proofs_per_minute`: of the usual
    difficulty, what they can work out, all together.
    """

    scene: Scene
    dice: random.Random
    networks: list[str]
    proofs_per_minute: float
    tallies: dict[str, Tally] = field(default_factory=dict)
    _form: dict[str, str] = field(default_factory=dict)
    _loaded: float = 0.0
    _busy_until: float = 0.0
    _walked: int = 0

    def kinds(self) -> dict[str, tuple[float, Callable[[], Actor]]]:
        """Return each kind of attempt with its share of all."""
        return {
            "post the fields only": (0.30, self.fields_only),
            "fetch the form, fill every field": (0.15, self.fill_every_field),
            "walk the amounts, through the review": (0.20, self.walk_amounts),
            "wait as they are asked": (0.20, self.wait),
            "work out proofs": (0.15, self.work),
        }

    def fields_only(self) -> Actor:
        """Post what the contract names, nothing else."""
        yield from self._finish("post the fields only", self._post(self._fields(), browser=False))

    def fill_every_field(self) -> Actor:
        """Fetch the form now and then, and fill every field, the trap too."""
        form = self._fetched()
        fields = {**form, **self._fields(), "name": "John Smith", "website": "https://x.example"}
        yield from self._finish("fetch the form, fill every field", self._post(fields))

    def walk_amounts(self) -> Actor:
        """Raise the amount by a cent each time, with an honest form and its review."""
        self._walked += 1
        amount = f"{1 + self._walked % 900 / 100:.2f}"
        sent = self._reviewed({**self._fields(), "amount": amount})
        yield from self._finish("walk the amounts, through the review", sent)

    def wait(self) -> Actor:
        """Be patient, twice at most."""
        network, sent = self._network(), None
        sent = self._reviewed(self._fields(), network)
        for _ in range(2):
            if not sent.is_wait:
                break
            yield sent.seconds + 1
            sent = self.scene.post(network, sent.hidden)
        yield from self._finish("wait as they are asked", sent)

    def work(self) -> Actor:
        """Work out the proof if there is time for it, otherwise give up."""
        network = self._network()
        sent = self._reviewed(self._fields(), network)
        if sent.is_wait and self.scene.seconds() >= self._busy_until:
            proof, derivations = sent.worked_out()
            self._spend(derivations)
            sent = self.scene.post(network, {**sent.hidden, "proof": proof})
        yield from self._finish("work out proofs", sent)

    def _finish(self, kind: str, sent: Posted) -> Actor:
        """Try stolen cards on the session, if one was opened."""
        tally = self.tallies.setdefault(kind, Tally())
        tally.attempts += 1
        if not sent.session_id:
            return
        tally.sessions += 1
        for _ in range(CARDS_A_SESSION):
            yield self.dice.uniform(2, 8)
            card = f"stolen{self.dice.getrandbits(64):016x}"
            if self.scene.pay(sent.session_id, STOLEN, card) is None:
                return
            tally.cards += 1

    def _fields(self) -> dict[str, str]:
        number = self.dice.getrandbits(40)
        host = self.dice.choice(["gmail.com", "outlook.com", "yahoo.com", "mail.example"])
        return {
            "amount": f"{self.dice.choice([1, 1, 2, 3, 5])}",
            "frequency": "one_time",
            "email": f"{self.dice.choice(NAMES)}{number}@{host}",
            "attempt": f"{number:x}",
        }

    def _fetched(self) -> dict[str, str]:
        """Return the form's hidden fields, fetched again every five minutes."""
        now = self.scene.seconds()
        if not self._form or now - self._loaded > 300:
            self._form, self._loaded = self.scene.load(self._network()), now
        return self._form

    def _reviewed(self, fields: dict[str, str], network: str = "") -> Posted:
        network = network or self._network()
        review = self.scene.post(network, {**self._fetched(), **fields, "step": "review"})
        return self.scene.post(network, review.hidden)

    def _post(self, fields: dict[str, str], *, browser: bool = True) -> Posted:
        return self.scene.post(self._network(), fields, browser=browser)

    def _network(self) -> str:
        return self.dice.choice(self.networks)

    def _spend(self, derivations: int) -> None:
        """Keep the thieves' computers busy for as long as these derivations take them."""
        seconds = derivations / USUAL_PROOF * 60 / self.proofs_per_minute
        self._busy_until = max(self._busy_until, self.scene.seconds()) + seconds


NAMES = ("john", "mary", "alex", "sam", "chris", "pat", "lee", "kim", "ana", "ben", "eve", "max")


@dataclass
class Donors:
    """Honest donors. Few have no JavaScript; one in twenty types a wrong security code first."""

    scene: Scene
    dice: random.Random
    tally: DonorTally = field(default_factory=DonorTally)

    def donor(self, number: int, network: str) -> Actor:
        """Read, fill in the form, check the review, and follow whatever is asked."""
        form = self.scene.load(network)
        yield self.dice.uniform(25, 240)
        yield from self.give(number, network, form)

    def give(self, number: int, network: str, form: dict[str, str]) -> Actor:
        """Post the form that was loaded earlier."""
        self.tally.donors += 1
        fields = {**form, **self._fields(number)}
        review = self.scene.post(network, {**fields, "step": "review"})
        yield self.dice.uniform(2, 12)
        sent, scripts = self.scene.post(network, review.hidden), self.dice.random() > NO_SCRIPTS
        delay = 0.0
        while sent.is_wait and delay < 300:
            proof, derivations = sent.worked_out() if scripts else ("", 0)
            pause = derivations * DERIVATION if proof else sent.seconds + 1.0
            yield pause
            delay += pause
            self._asked(solves=bool(proof))
            sent = self.scene.post(network, {**sent.hidden, "proof": proof})
        self.tally.held_up += not sent.session_id or delay > HELD_UP
        self.tally.turned_away += not sent.session_id
        if sent.session_id:
            yield from self._pay(number, sent.session_id)

    def _asked(self, *, solves: bool) -> None:
        self.tally.proofs += solves
        self.tally.waits += not solves

    def _pay(self, number: int, session_id: str) -> Actor:
        if self.dice.random() < 1 / 20:
            yield self.dice.uniform(20, 60)
            self.scene.pay(session_id, "4000000000000127", f"donor{number}")
        yield self.dice.uniform(20, 60)
        self.tally.given += self.scene.pay(session_id, GOOD, f"donor{number}") is True

    def _fields(self, number: int) -> dict[str, str]:
        name = self.dice.choice(NAMES)
        return {
            "amount": self.dice.choice(["10", "25", "25", "50", "50", "100", "15", "5", "250"]),
            "frequency": self.dice.choice(["one_time"] * 4 + ["monthly"]),
            "email": f"{name}.{number}@readers.example",
            "name": f"{name.title()} Reader",
        }
