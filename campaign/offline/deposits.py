"""Deposit batches: what goes to the bank together, closed with the bank's reference and never changed after that."""

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
    """What lies in a batch, in the order of entry. Sums are minor units of the batch's currency.

    `checks` are papers, grants of donor-advised funds among them; `cash` has no names on it.
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
    """A batch in a list: how many gifts it holds, and their sum in minor units."""

    batch: DepositBatch
    gifts: int
    total: int


def open_batch(
    session: Session, name: str, currency: str, actor: audit_log.Actor, at: datetime
) -> DepositBatch:
    """A new batch called `name`, or the open one of that name: the same form posted twice opens one."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise DepositRefused(f"Give the batch a name of 1 to {LONGEST_NAME} characters.")
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
            f"There is a batch called {known.name} already; choose another name."
        ) from None
    subject = audit_log.Subject("deposit_batch", str(batch.id))
    after = {"name": name, "currency": currency}
    audit_log.record(session, actor, "deposit_batch.opened", subject, after=after)
    return batch


def find_batch(session: Session, batch_id: int) -> DepositBatch:
    """The batch; raises NotFound."""
    batch = session.get(DepositBatch, batch_id)
    if batch is None:
        raise NotFound("There is no such deposit batch.")
    return batch


def open_batches(session: Session) -> Sequence[DepositBatch]:
    """The batches that gifts may be put into, the newest first."""
    return session.scalars(
        select(DepositBatch)
        .where(DepositBatch.closed_at.is_(None))
        .order_by(DepositBatch.id.desc())
    ).all()


def latest_batches(session: Session, before: int | None, limit: int) -> Sequence[BatchSummary]:
    """Batches with their sums, the newest first, older than the one whose id is `before`."""
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
    """All that is in a batch."""
    gifts = session.scalars(
        select(OfflineGift)
        .where(OfflineGift.batch_id == batch.id)
        .options(joinedload(OfflineGift.donation))
        .order_by(OfflineGift.id)
    ).all()
    cash = [one for one in gifts if one.kind == OfflineKind.cash]
    return BatchContents(batch, [one for one in gifts if one.kind != OfflineKind.cash], cash)


def undeposited_gifts(session: Session, currency: str, limit: int) -> Sequence[OfflineGift]:
    """What is in no batch and could go into one, the latest first."""
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
    """The batch for a gift that is being entered; raises DepositRefused where it cannot go there."""
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
        raise NotFound("There is no such deposit batch.")
    return batch


def _require_fit(batch: DepositBatch, kind: str, currency: str) -> None:
    if batch.closed_at is not None:
        raise DepositRefused(f"Batch {batch.name} is closed; open another one.")
    if kind == OfflineKind.stock:
        raise DepositRefused("Stock is sold by a broker; it goes into no deposit batch.")
    if batch.currency != currency:
        raise DepositRefused(
            f"Batch {batch.name} is in {batch.currency.upper()}, this gift is not."
        )


def move_gifts(
    session: Session,
    batch_id: int,
    put_in: Collection[int],
    take_out: Collection[int],
    actor: audit_log.Actor,
) -> int:
    """Put gifts into an open batch and take others out, by their ids; how many moved. Repeated it moves none."""
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
    """Close a batch for good; one that is closed stays as it was closed. Raises DepositRefused for an empty one."""
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
