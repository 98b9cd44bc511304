"""The world of one example: an empty installation with campaigns, and workers that may be killed."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.campaigns.progress import read_progress
from campaign.core.clock import now
from campaign.donations.donations import Gift, begin_donation
from campaign.gateway import read_event
from campaign.ledger.invariants import broken_invariants
from campaign.models import Donation, InboxEvent, LedgerEntry, Receipt
from campaign.runtime.context import Installation
from campaign.stripe_events.inbox import store_event
from campaign.stripe_events.process import apply_due_events, replay_event
from tests.histories.model import BookedState, Figure
from tests.support.stripe import Facts, Json

CAMPAIGNS = {"harbor": "usd", "schools": "usd", "tokyo": "jpy"}
INTERRUPTION = "the machine stopped here"


class WorkerKilled(BaseException):
    """A worker is killed. Nothing that it runs may catch this."""


class Disconnected(Exception):
    """The connection is lost, and the worker handles it."""


Interruption = tuple[str, int, type[BaseException]]
"""(session event: before_commit, after_commit or after_flush; number of the event; exception to raise)."""


class World:
    """An installation under test and three campaigns in it, one of them in yen."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self._attempts = itertools.count(1)
        with installation.sessions.begin() as session:
            self.campaigns = {
                slug: create_campaign(session, _wanted(slug, currency))
                for slug, currency in CAMPAIGNS.items()
            }

    def begin(self, campaign: str, gift: Gift) -> Facts:
        """Begin a donation as the form does."""
        with self.installation.sessions.begin() as session:
            return Facts(begin_donation(session, self.campaigns[campaign], gift, now()))

    def attempt(self) -> str:
        return f"attempt-{next(self._attempts)}"

    def store(self, events: Sequence[Json]) -> None:
        """Store events in the inbox as the webhook does, with one commit each."""
        for found in events:
            body = json.dumps(found).encode()
            with self.installation.sessions.begin() as session:
                store_event(session, read_event(body), body)

    def replay(self, event_id: str) -> None:
        replay_event(self.installation, event_id)

    def work(self, workers: int, interruption: Interruption | None = None) -> None:
        """Let workers apply what is due while an auditor checks the books; with `interruption`, interrupt one."""
        with (
            _interrupted(self.installation, interruption),
            ThreadPoolExecutor(workers + 1) as threads,
        ):
            running = [threads.submit(self._work_until_killed) for _ in range(workers)]
            running += [threads.submit(self.audit)] if workers > 1 else []
            for one in running:
                one.result()

    def _work_until_killed(self) -> None:
        with suppress(WorkerKilled):
            apply_due_events(self.installation)

    def audit(self) -> None:
        """Check that all invariants hold."""
        with self.installation.sessions() as session:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            assert list(broken_invariants(session)) == []

    def waiting(self) -> bool:
        """Return whether an event is not applied yet. Fail if one failed for any reason but an interruption."""
        with self.installation.sessions() as session:
            rows = session.execute(
                select(InboxEvent.type, InboxEvent.state, InboxEvent.last_error).where(
                    InboxEvent.state.not_in(["done", "ignored"])
                )
            ).all()
        for kind, _, error in rows:
            assert error is None or INTERRUPTION in error, f"{kind}: {error}"
        return bool(rows)

    def make_due(self) -> None:
        """Make failed events due again."""
        with self.installation.sessions.begin() as session:
            session.execute(
                update(InboxEvent)
                .where(InboxEvent.state == "failed")
                .values(next_attempt_at=func.now())
            )

    def figure(self, campaign: str) -> Figure:
        with self.installation.sessions() as session:
            read = read_progress(session, self.campaigns[campaign], now())
            return Figure(read.raised, read.donations, read.donors)

    def booked_states(self) -> dict[str, BookedState]:
        """Return the books of each donation by public id, or by invoice for a renewal."""
        with self.installation.sessions() as session:
            donations = session.scalars(select(Donation)).all()
            entries = session.scalars(select(LedgerEntry)).all()
            receipts = session.scalars(select(Receipt).order_by(Receipt.id)).all()
        return {
            _key(donation): _booked_state(
                donation,
                [one for one in entries if one.donation_id == donation.id],
                [one for one in receipts if one.donation_id == donation.id],
            )
            for donation in donations
        }


def _key(donation: Donation) -> str:
    invoice = donation.invoice_id or ""
    return invoice if "_r" in invoice else donation.public_id


def _booked_state(
    donation: Donation, entries: Sequence[LedgerEntry], receipts: Sequence[Receipt]
) -> BookedState:
    fees: dict[str, int] = {}
    gains: dict[str, int] = {}
    for one in entries:
        if one.kind == "dispute_gain_loss":
            gains[one.currency] = gains.get(one.currency, 0) - one.fee
        if one.balance_transaction_id:
            fees[one.currency] = fees.get(one.currency, 0) + one.fee
    return BookedState(
        state=donation.state,
        gift=sum(one.amount for one in entries),
        fee_cover=sum(one.fee_cover for one in entries),
        fees=tuple(sorted((currency, fee) for currency, fee in fees.items() if fee)),
        gains=tuple(sorted((currency, gain) for currency, gain in gains.items() if gain)),
        acknowledged=receipts[-1].amount if receipts else None,
        first_receipts=sum(one.kind == "receipt" for one in receipts),
    )


def _wanted(slug: str, currency: str) -> NewCampaign:
    return NewCampaign(
        slug=slug,
        title=slug.title(),
        goal="50000",
        deadline="2099-12-31",
        timezone="America/Los_Angeles",
        currency=currency,
    )


@contextmanager
def _interrupted(installation: Installation, interruption: Interruption | None) -> Iterator[None]:
    """Interrupt the session in which the event occurs for the given time, once."""
    if interruption is None:
        yield
        return
    moment, count, kind = interruption
    interrupt = _interrupter(count, kind)
    event.listen(installation.sessions, moment, interrupt)
    try:
        yield
    finally:
        event.remove(installation.sessions, moment, interrupt)


def _interrupter(count: int, kind: type[BaseException]) -> Callable[..., None]:
    counted, lock = itertools.count(1), threading.Lock()

    def interrupt(_session: Session, *_more: object) -> None:
        with lock:
            due = next(counted) == count
        if due:
            raise kind(INTERRUPTION)

    return interrupt
