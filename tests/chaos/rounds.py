"""One round: a burst of donors, a trouble in the middle of it, then quiet, then the reckoning."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psycopg

from campaign.stripe_events.registry import HANDLERS
from sandbox.stripe.state import Json
from sandbox.stripe.webhooks import records
from tests.chaos.checking import LOST, Finding, check_round, read_letters
from tests.chaos.donors import Donor, give, regretted_donor, some_donors
from tests.chaos.house import House
from tests.chaos.staff import give_back
from tests.chaos.troubles import Together, Trouble

QUIET_SECONDS = 90.0
LOOK = 0.15
ASK_AGAIN = 1.5
"""Seconds between two calls of the scheduled jobs while the round waits; in life it is minutes."""

UPKEEP = ("match_evidence", "finish_refunds", "book_fees", "finalize", "purge_expired")
RECOVERY = "recover"
"""Called from the second time on: what lost events leave behind is for the others to find first."""
MONTH = 32
"""Days, after which every monthly gift is due again."""

WAITING = """
    SELECT 'event ' || type || ' ' || coalesce(last_error, '') FROM inbox_event
    WHERE state IN ('received', 'failed')
    UNION ALL SELECT 'letter ' || kind || ' ' || coalesce(last_error, '') FROM outbox_message
    WHERE state IN ('queued', 'sending')
    UNION ALL SELECT 'refund ' || state FROM refund WHERE state = 'requested'
"""


@dataclass(frozen=True)
class Script:
    """What a round is made of: troubles, and people besides those who just give."""

    troubles: tuple[Trouble, ...]
    donors: int = 7
    monthly: int = 0
    regretted: int = 0


@dataclass
class Played:
    """What a round did and what came of it."""

    number: int
    trouble: Together
    donors: list[Donor]
    happened: str = ""
    findings: list[Finding] = field(default_factory=list)
    raised: int = 0
    repeated: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Game:
    """Rounds in one house; each donor's gift stays in its books, and is counted on."""

    def __init__(self, house: House, seed: int) -> None:
        self.house = house
        self.seed = seed
        self.chance = random.Random(seed)
        self.raised = 0
        self.people: list[Donor] = []
        self.number = 0
        self._stored: set[str] = set()
        self._seen = 0

    def play(self, script: Script) -> Played:
        """One round. The same seed asks for the same things; processes race as they like."""
        self.number += 1
        began = time.monotonic()
        trouble = Together(*script.troubles)
        played = Played(self.number, trouble, self._people(script))
        trouble.begin(self.house)
        self._burst(played.donors)
        trouble.end(self.house)
        self._until_quiet(played)
        if script.monthly:
            self._renew(played.donors)
            self._until_quiet(played)
        trouble.clear(self.house)
        played.happened = trouble.what_happened(self.house)
        self._reckon(played)
        played.seconds = time.monotonic() - began
        return played

    def _people(self, script: Script) -> list[Donor]:
        name = f"r{self.number}"
        people = some_donors(self.chance, name, script.donors, monthly=script.monthly)
        for place in range(script.regretted):
            people.append(regretted_donor(self.chance, f"{name}-back-{place}"))
        return people

    def _burst(self, people: Sequence[Donor]) -> None:
        moments = [self.chance.uniform(0.0, 1.0) for _ in people]
        with ThreadPoolExecutor(len(people)) as pool:
            under_way = [
                pool.submit(self._come, donor, moment)
                for donor, moment in zip(people, moments, strict=True)
            ]
            for one in under_way:
                one.result()

    def _come(self, donor: Donor, moment: float) -> None:
        time.sleep(moment)
        give(self.house, donor)
        if donor.asked_back:
            give_back(self.house, donor)

    def _renew(self, people: Sequence[Donor]) -> None:
        """A month goes by at Stripe, and each monthly gift is charged again; then the donors end it."""
        stripe = self.house.stripe
        stripe.advance(days=MONTH)
        emails = {donor.email for donor in people if donor.frequency != "one_time"}
        for session in stripe.account.every("checkout.session"):
            if session["customer_email"] in emails and session["subscription"]:
                stripe.cancel_subscription(session["subscription"])

    def _reckon(self, played: Played) -> None:
        emails = [donor.email for donor in played.donors]
        found, played.raised = check_round(self.house, played.donors, self.raised)
        self.raised += played.raised
        self.people += played.donors
        played.findings += found
        received = read_letters(self.house, emails).values()
        played.repeated = sum(n - 1 for letters in received for n in letters.received.values())
        played.passed = self.house.ground.passed()
        self._acknowledge()

    # --- Quiet

    def _until_quiet(self, played: Played) -> None:
        """Until every event is applied and every letter sent, with the scheduled jobs called as time would."""
        deadline = time.monotonic() + QUIET_SECONDS
        ask = 0.0
        jobs: tuple[str, ...] = UPKEEP
        while open_ends := self._open_ends():
            now = time.monotonic()
            if now > deadline:
                played.findings.append(Finding(LOST, f"never done: {', '.join(open_ends[:5])}"))
                return
            if now > ask:
                for job in jobs:
                    self.house.installation.notify(f"workers.upkeep.{job}")
                ask, jobs = now + ASK_AGAIN, (*UPKEEP, RECOVERY)
            time.sleep(LOOK)

    def _open_ends(self) -> list[str]:
        """What is still under way. An event that is stored by the first look is waiting or applied by the second."""
        try:
            stored = {str(name) for (name,) in self.house.rows("SELECT id FROM inbox_event")}
            waiting = self.house.rows(WAITING)
        except psycopg.OperationalError as error:
            return [f"PostgreSQL: {error}"]
        missing = [
            f"event {event['type']} not stored"
            for event in self._events()
            if event["type"] in HANDLERS and event["id"] not in stored
        ]
        return [*(str(words) for (words,) in waiting), *missing]

    def _events(self) -> list[Json]:
        """Those of this round, newest first."""
        with self.house.stripe.account.transaction():
            every = self.house.stripe.account.every("event")
            return every[: len(every) - self._seen]

    def _acknowledge(self) -> None:
        """What was lost and fetched since is sent after all, so that Stripe's list of the undelivered stays short."""
        with self.house.stripe.account.transaction():
            for event in self._events():
                copies = records.copies(self.house.stripe.account, event["id"])
                if not any(copy["state"] == "delivered" for copy in copies):
                    self.house.stripe.redeliver(event["id"])
            self._seen = len(self.house.stripe.account.every("event"))
