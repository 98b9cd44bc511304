"""One round: a burst of donors with a trouble in the middle, then wait until quiet, then check the result."""

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
from tests.chaos.checking import LOST, Finding, check_round, read_received_emails
from tests.chaos.donors import Donor, give, random_donors, refunded_donor
from tests.chaos.service import ServiceUnderTest
from tests.chaos.staff import refund_gift
from tests.chaos.troubles import CombinedTrouble, Trouble

QUIET_SECONDS = 300.0
POLL_SECONDS = 0.15
JOB_SECONDS = 1.5
"""Seconds between calls of the scheduled jobs; minutes in production."""

UPKEEP = (
    "match_evidence",
    "finish_refunds",
    "book_fees",
    "note_receipts",
    "read_payouts",
    "take_in_payments",
    "import_files",
    "mark_milestones",
    "alert_staff",
    "finalize",
    "purge_expired",
)
RECOVERY = "recover"
"""Called from the second time on, so that the other jobs first get a chance to repair lost events."""
MONTH = 32
"""Days after which every monthly gift is due again."""

WAITING = """
    SELECT 'event ' || type || ' ' || coalesce(last_error, '') FROM inbox_event
    WHERE state IN ('received', 'failed')
    UNION ALL SELECT 'email ' || kind || ' ' || coalesce(last_error, '') FROM outbox_message
    WHERE state IN ('queued', 'sending')
    UNION ALL SELECT 'refund ' || state FROM refund WHERE state = 'requested'
    UNION ALL SELECT 'number of receipt ' || receipt_id FROM receipt_note WHERE written_at IS NULL AND error IS NULL
"""


@dataclass(frozen=True)
class Script:
    """The troubles and donors of a round."""

    troubles: tuple[Trouble, ...]
    donors: int = 7
    monthly: int = 0
    refunded_donors: int = 0


@dataclass
class RoundResult:
    """The troubles and donors of a round, and its result."""

    number: int
    trouble: CombinedTrouble
    donors: list[Donor]
    happened: str = ""
    findings: list[Finding] = field(default_factory=list)
    raised: int = 0
    repeated: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Game:
    """Rounds with one installation. The gifts of earlier rounds stay in its books."""

    def __init__(self, service: ServiceUnderTest, seed: int) -> None:
        self.service = service
        self.seed = seed
        self.chance = random.Random(seed)
        self.raised = 0
        self.people: list[Donor] = []
        self.number = 0
        self._stored: set[str] = set()
        self._seen = 0

    def play(self, script: Script) -> RoundResult:
        """Play one round. The same seed makes the same choices, but processes still race."""
        self.number += 1
        began = time.monotonic()
        trouble = CombinedTrouble(*script.troubles)
        played = RoundResult(self.number, trouble, self._people(script))
        trouble.begin(self.service)
        self._burst(played.donors)
        trouble.end(self.service)
        self._wait_until_quiet(played)
        if script.monthly:
            self._renew(played.donors)
            self._wait_until_quiet(played)
        trouble.clear(self.service)
        played.happened = trouble.what_happened(self.service)
        self._check_result(played)
        played.seconds = time.monotonic() - began
        return played

    def _people(self, script: Script) -> list[Donor]:
        name = f"r{self.number}"
        people = random_donors(self.chance, name, script.donors, monthly=script.monthly)
        for place in range(script.refunded_donors):
            people.append(refunded_donor(self.chance, f"{name}-back-{place}"))
        return people

    def _burst(self, people: Sequence[Donor]) -> None:
        moments = [self.chance.uniform(0.0, 1.0) for _ in people]
        with ThreadPoolExecutor(len(people)) as pool:
            under_way = [
                pool.submit(self._visit, donor, moment)
                for donor, moment in zip(people, moments, strict=True)
            ]
            for one in under_way:
                one.result()

    def _visit(self, donor: Donor, moment: float) -> None:
        time.sleep(moment)
        give(self.service, donor)
        if donor.refund_amount:
            refund_gift(self.service, donor)

    def _renew(self, people: Sequence[Donor]) -> None:
        """Let a month pass at Stripe so that each monthly gift is charged again, then cancel them."""
        stripe = self.service.stripe
        stripe.advance(days=MONTH)
        emails = {donor.email for donor in people if donor.frequency != "one_time"}
        for session in stripe.account.every("checkout.session"):
            if session["customer_email"] in emails and session["subscription"]:
                stripe.cancel_subscription(session["subscription"])

    def _check_result(self, played: RoundResult) -> None:
        emails = [donor.email for donor in played.donors]
        found, played.raised = check_round(self.service, played.donors, self.raised)
        self.raised += played.raised
        self.people += played.donors
        played.findings += found
        received = read_received_emails(self.service, emails).values()
        played.repeated = sum(
            n - 1 for received_emails in received for n in received_emails.received.values()
        )
        played.passed = self.service.kill_orders.passed()
        self._acknowledge()

    # --- Quiet

    def _wait_until_quiet(self, played: RoundResult) -> None:
        """Wait until every event is applied and every email sent, and call the scheduled jobs."""
        deadline = time.monotonic() + QUIET_SECONDS
        ask = 0.0
        jobs: tuple[str, ...] = UPKEEP
        while unfinished := self._unfinished():
            now = time.monotonic()
            if now > deadline:
                played.findings.append(Finding(LOST, f"never done: {', '.join(unfinished[:5])}"))
                return
            if now > ask:
                for job in jobs:
                    self.service.installation.notify(f"workers.upkeep.{job}")
                ask, jobs = now + JOB_SECONDS, (*UPKEEP, RECOVERY)
            time.sleep(POLL_SECONDS)

    def _unfinished(self) -> list[str]:
        """Return what is unfinished. An event stored at the first query is waiting or applied at the second."""
        try:
            stored = {str(name) for (name,) in self.service.rows("SELECT id FROM inbox_event")}
            waiting = self.service.rows(WAITING)
        except psycopg.OperationalError as error:
            return [f"PostgreSQL: {error}"]
        missing = [
            f"event {event['type']} not stored"
            for event in self._events()
            if event["type"] in HANDLERS and event["id"] not in stored
        ]
        return [*(str(words) for (words,) in waiting), *missing]

    def _events(self) -> list[Json]:
        """Return the events of this round, newest first."""
        with self.service.stripe.account.transaction():
            every = self.service.stripe.account.every("event")
            return every[: len(every) - self._seen]

    def _acknowledge(self) -> None:
        """Redeliver lost events that were fetched, so that Stripe's list of undelivered events stays short."""
        with self.service.stripe.account.transaction():
            for event in self._events():
                copies = records.copies(self.service.stripe.account, event["id"])
                if not any(copy["state"] == "delivered" for copy in copies):
                    self.service.stripe.redeliver(event["id"])
            self._seen = len(self.service.stripe.account.every("event"))
