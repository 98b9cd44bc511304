"""Compare the ledger with Stripe's balance, and repair it where it only lacks a fact. For commands and pages.

Without `apply`, only a temporary table is written. With it, each missing fact is applied by the functions that events
use, so repeating it, or running it while events arrive, is harmless. No database transaction is open during a request
to Stripe.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.core.errors import FactMismatch, GatewayRefused, TransitionRefused
from campaign.core.task_queue import OUTBOX
from campaign.ledger.balance_transactions import map_balance_transaction
from campaign.receipts.numbers import read_given_numbers
from campaign.reconciliation import balance_transactions
from campaign.reconciliation.ask_stripe import fetch_answer
from campaign.reconciliation.candidates import (
    find_candidates,
    find_pending_event,
    load_comparison,
    load_lost_payment,
    load_unbooked_renewal,
)
from campaign.reconciliation.compare import compare
from campaign.reconciliation.comparison import ComparisonResult, PaymentComparison
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.fetch_fees import pages
from campaign.reconciliation.lost_gifts import find_lost_owner
from campaign.reconciliation.match_payments import fetch_owner
from campaign.reconciliation.payment_lookup import find_owner, record_lookup
from campaign.reconciliation.repair import repair
from campaign.reconciliation.settled import settled_by_id
from campaign.reconciliation.unconfirmed_entries import confirm_entry
from campaign.runtime.context import Installation

WINDOW = timedelta(days=35)
"""How far back to look by default: longer than a month of renewals."""

RECENT = timedelta(minutes=2)
"""A discrepancy newer than this may be a webhook still on its way: check again before reporting it."""

RECHECKS = 5
"""How many times to check again, at even intervals within the caller's `patience`."""

OnDiscrepancy = Callable[[Discrepancy], None]
"""Called with each discrepancy, after the attempt to repair it."""


@dataclass(frozen=True)
class Reconciliation:
    """The result of a reconciliation, as counts.

    `moved`: balance transactions. `payments`: our payments; `others`: other payments on the same Stripe account.
    `found`: discrepancies, including the `repaired` (repaired) ones. `fees`: not booked yet and less than a day old.
    `settled`: discrepancies that staff have settled; they are not among the `found`.
    """

    moved: int
    payments: int
    others: int
    found: int
    repaired: int
    fees: int
    settled: int = 0

    @property
    def left(self) -> int:
        return self.found - self.repaired


def reconcile(
    installation: Installation,
    since: datetime | None = None,
    *,
    apply: bool = False,
    on_discrepancy: OnDiscrepancy,
    patience: float = 0,
) -> Reconciliation:
    """Compare everything since `since` (default: 35 days ago), report each discrepancy; repair it with `apply`.

    Waits up to `patience` seconds for facts that are just arriving. Raises GatewayUnavailable or GatewayRefused.
    """
    if apply:
        # After a restore, the receipts of what is booked now are numbered above those that were given.
        read_given_numbers(installation, clock.now())
    with _open_session(installation) as session:
        run = _Run(installation, session, since or clock.now() - WINDOW, apply, on_discrepancy)
        run.fetch()
        run.match()
        run.compare_all(patience)
        result = run.result()
    if result.repaired:
        installation.notify(OUTBOX)
    return result


@contextmanager
def _open_session(installation: Installation) -> Iterator[Session]:
    """Yield a session on one connection that has the temporary table."""
    with installation.engine.connect() as connection:
        session = Session(bind=connection, expire_on_commit=False)
        balance_transactions.create_table(session)
        session.commit()
        try:
            yield session
        finally:
            session.rollback()
            balance_transactions.drop_table(session)
            session.commit()


class _Run:
    """One reconciliation from start to finish."""

    def __init__(
        self,
        installation: Installation,
        session: Session,
        since: datetime,
        apply: bool,  # noqa: FBT001 - passed on from `reconcile`
        on_discrepancy: OnDiscrepancy,
    ) -> None:
        self.installation, self.session, self.on_discrepancy = installation, session, on_discrepancy
        self.since, self.apply = since, apply
        self.moved = self.found = self.repaired = self.fees = self.settled = 0

    def fetch(self) -> None:
        """Fetch the balance transactions into the table, one page at a time."""
        for page in pages(self.installation.gateway.payments.list_balance_transactions(self.since)):
            read = [one for one in map(map_balance_transaction, page) if one]
            balance_transactions.add_transactions(self.session, read)
            self.session.commit()
            self.moved += len(read)

    def match(self) -> None:
        """Match each payment to its donation; ask Stripe about those that may have paid an invoice."""
        balance_transactions.match_transactions(self.session)
        unknown = balance_transactions.list_unmatched_payments(self.session)
        self.session.commit()
        for name in unknown:
            owner = fetch_owner(self.installation.gateway, name)
            donation_id, renewal_of = find_owner(self.session, owner)
            lost = find_lost_owner(self.session, owner)
            balance_transactions.record_owner(
                self.session,
                name,
                donation_id=donation_id,
                renewal_of=renewal_of,
                lost=(lost.public_id, lost.campaign) if lost else None,
            )
            if self.apply and donation_id is None and renewal_of is None and lost is None:
                record_lookup(self.session, name, clock.now(), ours=False)
            self.session.commit()

    def compare_all(self, patience: float) -> None:
        """Compare every candidate; check recent discrepancies again before reporting them."""
        recent = [read for read in self._candidates() if not self._finish(read, wait=patience > 0)]
        for _ in range(RECHECKS):
            if not recent:
                break
            clock.pause(patience / RECHECKS)
            balance_transactions.match_transactions(self.session)
            self.session.commit()
            recent = [read for read in recent if self._open(self._compare(read)[1].discrepancies)]
        for read in recent:
            self._finish(read, wait=False)

    def _candidates(self) -> Iterator[Callable[[], PaymentComparison]]:
        donations = find_candidates(self.session, self.since)
        renewals = balance_transactions.list_unbooked_renewals(self.session)
        lost = balance_transactions.list_lost_payments(self.session)
        self.session.commit()
        for donation_id in donations:
            yield partial(load_comparison, self.session, donation_id, self.since)
        for intent, first in renewals:
            yield partial(self._unbooked, intent, partial(load_unbooked_renewal, renewal_of=first))
        for intent, public_id, campaign in lost:
            load = partial(load_lost_payment, public_id=public_id, campaign=campaign)
            yield partial(self._unbooked, intent, load)

    def _unbooked(
        self, payment_intent_id: str, load: Callable[[Session, str], PaymentComparison]
    ) -> PaymentComparison:
        """Load a payment that the ledger lacks; once it is booked, load its donation instead."""
        donation_id = balance_transactions.find_booked_donation(self.session, payment_intent_id)
        if donation_id is not None:
            return load_comparison(self.session, donation_id, self.since)
        return load(self.session, payment_intent_id)

    def _compare(
        self, read: Callable[[], PaymentComparison]
    ) -> tuple[PaymentComparison, ComparisonResult]:
        """Load both sides as of now and return them with their confirmed discrepancies."""
        case = read()
        self.session.commit()
        found = compare(case, clock.now())
        certain = [self._confirm(one) if one.unconfirmed else one for one in found.discrepancies]
        found.discrepancies = [self._with_pending_event(one) for one in certain if one]
        return case, found

    def _confirm(self, unconfirmed: Discrepancy) -> Discrepancy | None:
        return confirm_entry(unconfirmed, fetch_answer(self.installation.gateway, unconfirmed))

    def _with_pending_event(self, found: Discrepancy) -> Discrepancy:
        names = [name for side in (found.stripe, found.ledger) if side for name in side.names]
        named = [name for name in names if "_" in name and " " not in name]
        waiting = find_pending_event(self.session, named)
        self.session.commit()
        return replace(found, pending_event=waiting)

    def _finish(self, read: Callable[[], PaymentComparison], *, wait: bool) -> bool:
        """Repair and report the discrepancies; return False, reporting nothing, if they are recent and may `wait`."""
        case, found = self._compare(read)
        before = self._open(found.discrepancies)
        if wait and before and _all_recent(before):
            return False
        if self.apply and (found.fees_in_progress or any(one.repairable for one in before)):
            reason = self._repair(case)
            balance_transactions.match_transactions(self.session)
            self.session.commit()
            _, found = self._compare(read)
            found.discrepancies = [_with_note(one, reason) for one in found.discrepancies]
        self._report(before, found)
        return True

    def _repair(self, case: PaymentComparison) -> str:
        """Apply Stripe's facts about `case`; return why one could not be applied, or an empty string."""
        try:
            repair(self.installation, case)
        except (FactMismatch, GatewayRefused, TransitionRefused) as error:
            return str(error)
        except IntegrityError as error:
            return str(error.orig).strip().partition("\n")[0]
        return ""

    def _open(self, found: list[Discrepancy]) -> list[Discrepancy]:
        """Return those that nobody has settled."""
        settled = settled_by_id(self.session, [one.id for one in found])
        self.session.commit()
        return [one for one in found if one.id not in settled]

    def _report(self, before: list[Discrepancy], after: ComparisonResult) -> None:
        left = {_identity(one) for one in after.discrepancies}
        repaired = [one for one in before if _identity(one) not in left]
        for one in repaired:
            self.on_discrepancy(replace(one, repaired=True))
        remaining = self._open(after.discrepancies)
        for one in remaining:
            self.on_discrepancy(one)
        self.repaired += len(repaired)
        self.found += len(repaired) + len(remaining)
        self.settled += len(after.discrepancies) - len(remaining)
        self.fees += after.fees_in_progress

    def result(self) -> Reconciliation:
        payments, others = balance_transactions.count_payments(self.session)
        self.session.commit()
        return Reconciliation(
            self.moved,
            payments,
            others,
            self.found,
            self.repaired,
            self.fees,
            self.settled,
        )


def _all_recent(discrepancies: Iterable[Discrepancy]) -> bool:
    limit = clock.now() - RECENT
    return all(one.at and one.at > limit for one in discrepancies)


def _identity(found: Discrepancy) -> tuple[str, str | None, tuple[str, ...]]:
    """Return what identifies a discrepancy before and after a repair."""
    side = found.stripe or found.ledger
    return found.kind, found.payment_intent_id, side.names if side else ()


def _with_note(found: Discrepancy, reason: str) -> Discrepancy:
    return replace(found, note=reason) if reason and found.repairable else found
