"""The ledger held against Stripe's balance, and mended where it only lacks a fact. For commands and pages.

Without `apply` nothing is written but a temporary table. With it each missing fact is applied by the functions that
events use, so doing it twice, or while events arrive, is harmless. No transaction is open while Stripe is asked.
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
from campaign.reconciliation import balance_transactions
from campaign.reconciliation.ask_stripe import fetch_answer
from campaign.reconciliation.candidates import (
    find_candidates,
    find_pending_event,
    load_comparison,
    load_unbooked_renewal,
)
from campaign.reconciliation.compare import ComparisonResult, PaymentComparison, compare
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.fetch_fees import pages
from campaign.reconciliation.match_payments import fetch_owner
from campaign.reconciliation.payment_lookup import find_owner, record_lookup
from campaign.reconciliation.repair import repair
from campaign.reconciliation.unconfirmed_entries import confirm_entry
from campaign.runtime.context import Installation

WINDOW = timedelta(days=35)
"""How far back is looked by default: longer than a month of renewals."""

RECENT = timedelta(minutes=2)
"""A difference younger than this may be a webhook on its way: it is looked at again before it is told."""

RECHECKS = 5
"""How many times, at even intervals within the caller's patience."""

OnDiscrepancy = Callable[[Discrepancy], None]
"""Told of each difference, after it was mended or could not be."""


@dataclass(frozen=True)
class Reconciliation:
    """What was compared and what came of it.

    `payments` of ours and `others` of the same Stripe account moved its balance `moved` times; `found` differences, of
    which `repaired` were mended; `fees` are not booked yet, as they are less than a day old.
    """

    moved: int
    payments: int
    others: int
    found: int
    repaired: int
    fees: int

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
    """Compare what moved since `since`, by default 35 days, and tell each difference; mend with `apply`.

    For up to `patience` seconds it waits for facts that are just arriving. Raises GatewayUnavailable or GatewayRefused.
    """
    with _walking(installation) as session:
        run = _Run(installation, session, since or clock.now() - WINDOW, apply, on_discrepancy)
        run.walk()
        run.place()
        run.compare_all(patience)
        result = run.result()
    if result.repaired:
        installation.notify(OUTBOX)
    return result


@contextmanager
def _walking(installation: Installation) -> Iterator[Session]:
    """A session of one connection, which holds the temporary table."""
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
    """One comparison from beginning to end."""

    def __init__(
        self,
        installation: Installation,
        session: Session,
        since: datetime,
        apply: bool,  # noqa: FBT001 - as `reconcile` was called
        on_discrepancy: OnDiscrepancy,
    ) -> None:
        self.installation, self.session, self.on_discrepancy = installation, session, on_discrepancy
        self.since, self.apply = since, apply
        self.moved = self.found = self.repaired = self.fees = 0

    def walk(self) -> None:
        """Keep what moved, a page at a time."""
        for page in pages(self.installation.gateway.payments.list_balance_transactions(self.since)):
            read = [one for one in map(map_balance_transaction, page) if one]
            balance_transactions.add_transactions(self.session, read)
            self.session.commit()
            self.moved += len(read)

    def place(self) -> None:
        """Find whose each payment is; Stripe is asked about those that may be an invoice's."""
        balance_transactions.match_transactions(self.session)
        unknown = balance_transactions.list_unmatched_payments(self.session)
        self.session.commit()
        for name in unknown:
            owner = fetch_owner(self.installation.gateway, name)
            donation_id, renewal_of = find_owner(self.session, owner)
            balance_transactions.record_owner(
                self.session, name, donation_id=donation_id, renewal_of=renewal_of
            )
            if self.apply and donation_id is None and renewal_of is None:
                record_lookup(self.session, name, clock.now(), ours=False)
            self.session.commit()

    def compare_all(self, patience: float) -> None:
        """Every case that may differ; what has just happened is looked at again before it is told."""
        young = [read for read in self._cases() if not self._settle(read, wait=patience > 0)]
        for _ in range(RECHECKS):
            if not young:
                break
            clock.pause(patience / RECHECKS)
            balance_transactions.match_transactions(self.session)
            self.session.commit()
            young = [read for read in young if self._look(read)[1].discrepancies]
        for read in young:
            self._settle(read, wait=False)

    def _cases(self) -> Iterator[Callable[[], PaymentComparison]]:
        donations = find_candidates(self.session, self.since)
        renewals = balance_transactions.list_unbooked_renewals(self.session)
        self.session.commit()
        for donation_id in donations:
            yield partial(load_comparison, self.session, donation_id, self.since)
        for intent, first in renewals:
            yield partial(self._renewal, intent, first)

    def _renewal(self, payment_intent_id: str, first: str) -> PaymentComparison:
        """The renewal as long as it is not booked; the donation that it has become, after."""
        donation_id = balance_transactions.find_booked_donation(self.session, payment_intent_id)
        if donation_id is not None:
            return load_comparison(self.session, donation_id, self.since)
        return load_unbooked_renewal(self.session, payment_intent_id, first)

    def _look(
        self, read: Callable[[], PaymentComparison]
    ) -> tuple[PaymentComparison, ComparisonResult]:
        """Both sides as they are now, and where they differ for certain."""
        case = read()
        self.session.commit()
        found = compare(case, clock.now())
        certain = [self._certain(one) if one.unconfirmed else one for one in found.discrepancies]
        found.discrepancies = [self._worded(one) for one in certain if one]
        return case, found

    def _certain(self, doubt: Discrepancy) -> Discrepancy | None:
        return confirm_entry(doubt, fetch_answer(self.installation.gateway, doubt))

    def _worded(self, found: Discrepancy) -> Discrepancy:
        names = [name for side in (found.stripe, found.ledger) if side for name in side.names]
        named = [name for name in names if "_" in name and " " not in name]
        waiting = find_pending_event(self.session, named)
        self.session.commit()
        return replace(found, pending_event=waiting)

    def _settle(self, read: Callable[[], PaymentComparison], *, wait: bool) -> bool:
        """Tell what differs, mended or not; False where it is young and may wait."""
        case, found = self._look(read)
        before = found.discrepancies
        if wait and before and _all_young(before):
            return False
        if self.apply and (found.fees_in_progress or any(one.repairable for one in before)):
            words = self._mend(case)
            balance_transactions.match_transactions(self.session)
            self.session.commit()
            _, found = self._look(read)
            found.discrepancies = [_noted(one, words) for one in found.discrepancies]
        self._tell(before, found)
        return True

    def _mend(self, case: PaymentComparison) -> str:
        """Apply the facts that Stripe has of `case`; in words, why one could not be applied."""
        try:
            repair(self.installation, case)
        except (FactMismatch, GatewayRefused, TransitionRefused) as error:
            return str(error)
        except IntegrityError as error:
            return str(error.orig).strip().partition("\n")[0]
        return ""

    def _tell(self, before: list[Discrepancy], after: ComparisonResult) -> None:
        left = {_same(one) for one in after.discrepancies}
        gone = [one for one in before if _same(one) not in left]
        for one in gone:
            self.on_discrepancy(replace(one, repaired=True))
        for one in after.discrepancies:
            self.on_discrepancy(one)
        self.repaired += len(gone)
        self.found += len(gone) + len(after.discrepancies)
        self.fees += after.fees_in_progress

    def result(self) -> Reconciliation:
        payments, others = balance_transactions.count_payments(self.session)
        self.session.commit()
        return Reconciliation(self.moved, payments, others, self.found, self.repaired, self.fees)


def _all_young(discrepancies: Iterable[Discrepancy]) -> bool:
    edge = clock.now() - RECENT
    return all(one.at and one.at > edge for one in discrepancies)


def _same(found: Discrepancy) -> tuple[str, str | None, tuple[str, ...]]:
    """By what a difference is known again after mending."""
    side = found.stripe or found.ledger
    return found.kind, found.payment_intent_id, side.names if side else ()


def _noted(found: Discrepancy, words: str) -> Discrepancy:
    return replace(found, note=words) if words and found.repairable else found
