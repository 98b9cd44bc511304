"""Deposit batches: gifts that go to the bank together. A batch never changes after it is closed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from campaign.audit import audit_log
from campaign.core import money
from campaign.core.errors import DepositRefused, NotFound
from campaign.models import DepositBatch, Donation, OfflineGift, OfflineKind
from campaign.offline.entry_parsing import OfflineEntry

LONGEST_NAME = 80


@dataclass(frozen=True)
class BatchContents:
    """The gifts in a batch, in order of entry. Sums are minor units of the batch's currency.

    `checks` includes grants from donor-advised funds, which are checks too.
    """

    batch: DepositBatch
    checks: Sequence[OfflineGift]
    cash: Sequence[OfflineGift]

    @property
    def gifts(self) -> Sequence[OfflineGift]:
        return sorted([*self.checks, *self.cash], key=lambda one: one.id)

    @property
    def checks_total(self) -> int:
        return sum(one.donation.amount for one in self.checks)

    @property
    def cash_total(self) -> int:
        return sum(one.donation.amount for one in self.cash)

    @property
    def total(self) -> int:
        return self.checks_total + self.cash_total


@dataclass(frozen=True)
class BatchSummary:
    """A batch in a list, with the number of its gifts and their total in minor units."""

    batch: DepositBatch
    gifts: int
    total: int


def open_batch(
    session: Session, name: str, currency: str, actor: audit_log.Actor, at: datetime
) -> DepositBatch:
    """Open a batch named `name`, or return the open one with that name and currency, so a form sent twice opens one.

    Raises DepositRefused for an invalid or used name.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise DepositRefused(f"Enter a deposit name of 1 to {LONGEST_NAME} characters.")
    currency = money.currency_code(currency)
    try:
        with session.begin_nested():
            batch = DepositBatch(name=name, currency=currency, opened_by=actor.name, opened_at=at)
            session.add(batch)
    except IntegrityError:
        known = session.scalars(
            select(DepositBatch).where(func.lower(DepositBatch.name) == func.lower(name))
        ).one()
        if known.closed_at is None and known.currency == currency:
            return known
        raise DepositRefused(
            f"There is already a deposit named {known.name}. Choose another name."
        ) from None
    subject = audit_log.Subject("deposit_batch", str(batch.id))
    after = {"name": name, "currency": currency}
    audit_log.record(session, actor, "deposit_batch.opened", subject, after=after)
    return batch


def find_batch(session: Session, batch_id: int) -> DepositBatch:
    """Return the batch. Raises NotFound."""
    batch = session.get(DepositBatch, batch_id)
    if batch is None:
        raise NotFound("There is no such deposit.")
    return batch


def open_batches(session: Session) -> Sequence[DepositBatch]:
    """Return the open batches, newest first."""
    return session.scalars(
        select(DepositBatch)
        .where(DepositBatch.closed_at.is_(None))
        .order_by(DepositBatch.id.desc())
    ).all()


def latest_batches(session: Session, before: int | None, limit: int) -> Sequence[BatchSummary]:
    """Return batches with their totals, newest first; only those older than the id `before`, if given."""
    held = (
        select(func.count(), func.coalesce(func.sum(Donation.amount), 0))
        .select_from(OfflineGift)
        .join(OfflineGift.donation)
        .where(OfflineGift.batch_id == DepositBatch.id)
        .lateral()
    )
    query = (
        select(DepositBatch, *held.c)
        .join(held, true())
        .order_by(DepositBatch.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(DepositBatch.id < before)
    return [
        BatchSummary(batch, gifts, int(total)) for batch, gifts, total in session.execute(query)
    ]


def read_contents(session: Session, batch: DepositBatch) -> BatchContents:
    """Return the gifts in a batch."""
    gifts = session.scalars(
        select(OfflineGift)
        .where(OfflineGift.batch_id == batch.id)
        .options(joinedload(OfflineGift.donation))
        .order_by(OfflineGift.id)
    ).all()
    cash = [one for one in gifts if one.kind == OfflineKind.cash]
    return BatchContents(batch, [one for one in gifts if one.kind != OfflineKind.cash], cash)


def undeposited_gifts(session: Session, currency: str, limit: int) -> Sequence[OfflineGift]:
    """Return gifts that are in no batch and could be added to one, newest first."""
    return session.scalars(
        select(OfflineGift)
        .join(OfflineGift.donation)
        .where(
            OfflineGift.batch_id.is_(None),
            OfflineGift.reversal_reason.is_(None),
            OfflineGift.kind != OfflineKind.stock.value,
            Donation.currency == currency,
        )
        .options(joinedload(OfflineGift.donation))
        .order_by(OfflineGift.id.desc())
        .limit(limit)
    ).all()


def lock_open_batch(session: Session, batch_id: int, entry: OfflineEntry) -> DepositBatch:
    """Lock and return the batch for a new gift. Raises DepositRefused if the gift cannot be added to it."""
    batch = _locked(session, batch_id)
    _require_fit(batch, entry.kind, entry.campaign.currency)
    return batch


def _locked(session: Session, batch_id: int) -> DepositBatch:
    batch = session.scalar(
        select(DepositBatch)
        .where(DepositBatch.id == batch_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if batch is None:
        raise NotFound("There is no such deposit.")
    return batch


def _require_fit(batch: DepositBatch, kind: str, currency: str) -> None:
    if batch.closed_at is not None:
        raise DepositRefused(f"Batch {batch.name} is closed. Open a new one.")
    if kind == OfflineKind.stock:
        raise DepositRefused("Stock is sold by a broker, so it cannot be added to a deposit.")
    if batch.currency != currency:
        raise DepositRefused(
            f"Batch {batch.name} is in {batch.currency.upper()}, but this gift is not."
        )


def move_gifts(
    session: Session,
    batch_id: int,
    put_in: Collection[int],
    take_out: Collection[int],
    actor: audit_log.Actor,
) -> int:
    """Add gifts to an open batch and remove others, by id. Return how many moved; repeating it moves none.

    Raises NotFound, or DepositRefused if the batch is closed or a gift does not fit.
    """
    batch = _locked(session, batch_id)
    _require_fit(batch, "", batch.currency)
    moved: dict[str, list[str]] = {"put_in": [], "taken_out": []}
    rows = session.scalars(
        select(OfflineGift)
        .where(OfflineGift.id.in_([*put_in, *take_out]))
        .options(joinedload(OfflineGift.donation))
        .order_by(OfflineGift.id)
        .with_for_update(of=OfflineGift)
    )
    for gift in rows:
        if gift.id in put_in and gift.batch_id is None and gift.reversal_reason is None:
            _require_fit(batch, gift.kind, gift.donation.currency)
            gift.batch_id = batch.id
            moved["put_in"].append(gift.reference)
        elif gift.id in take_out and gift.batch_id == batch.id:
            gift.batch_id = None
            moved["taken_out"].append(gift.reference)
    session.flush()
    if any(moved.values()):
        subject = audit_log.Subject("deposit_batch", str(batch.id))
        audit_log.record(session, actor, "deposit_batch.changed", subject, after=moved)
    return len(moved["put_in"]) + len(moved["taken_out"])


def close_batch(
    session: Session,
    batch_id: int,
    deposited_on: date,
    bank_reference: str,
    actor: audit_log.Actor,
    at: datetime,
) -> DepositBatch:
    """Close a batch permanently. A closed batch stays unchanged. Raises DepositRefused if it is empty."""
    batch = _locked(session, batch_id)
    if batch.closed_at is not None:
        return batch
    held = read_contents(session, batch)
    if not held.gifts:
        raise DepositRefused(f"Batch {batch.name} is empty; there is nothing to deposit.")
    batch.deposited_on, batch.bank_reference = deposited_on, " ".join(bank_reference.split())[:100]
    batch.closed_by, batch.closed_at = actor.name, at
    session.flush()
    after = {
        "name": batch.name,
        "deposited_on": str(deposited_on),
        "bank_reference": batch.bank_reference,
        "gifts": len(held.gifts),
        "total": held.total,
        "currency": batch.currency,
    }
    subject = audit_log.Subject("deposit_batch", str(batch.id))
    audit_log.record(session, actor, "deposit_batch.closed", subject, after=after)
    return batch
