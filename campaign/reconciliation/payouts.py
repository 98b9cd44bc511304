"""Payouts, kept as Stripe tells them, and held against what the ledger knows of their parts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from campaign.core.booking_context import Outcome
from campaign.core.errors import NotFound
from campaign.core.upsert import (
    Rule,
    either,
    first_known,
    insert_once,
    later_in,
    upsert_by_rules,
)
from campaign.gateway import BalanceTransaction
from campaign.gateway.payouts import StripePayout
from campaign.models import Charge, Dispute, Donation, LedgerEntry, Payout, PayoutItem, Refund

PAGE = 50
SHOWN = 200
"""Parts of a payout on its page; the file has all."""
_ORDER = ("pending", "in_transit", "paid", "canceled", "failed")
"""Stripe's words in the order in which they can follow: a payout that was paid may still fail."""
_PAYOUT_RULES: Mapping[str, Rule] = {
    "status": later_in(_ORDER, by="status"),
    "arrival_date": later_in(_ORDER, by="status"),
    "itemized": either,
    "failed_on": first_known,
}


@dataclass(frozen=True)
class PayoutLine:
    """A part of a payout, and the gift it belongs to ('' where it is none of ours)."""

    item: PayoutItem
    donation: str


@dataclass(frozen=True)
class PayoutDetail:
    """A payout with the first of its parts, and the sums of all of them in minor units.

    `foreign` parts belong to no gift that is known here.
    """

    payout: Payout
    parts: Sequence[PayoutLine]
    number: int
    foreign: int
    amount: int
    fee: int
    net: int

    @property
    def unexplained(self) -> int:
        """What its parts leave of its amount; 0 when all is read."""
        return self.payout.amount - self.net


def record_payout(session: Session, told: StripePayout, at: datetime) -> Outcome:
    """Keep what Stripe says of a payout; of two facts the later in its life stands, whichever comes first.

    `at`: when Stripe said so.
    """
    fact = {
        "stripe_id": told.id,
        "amount": told.amount,
        "currency": told.currency,
        "status": told.status,
        "arrival_date": told.arrival_date,
        "created_at": told.created,
        "itemized": told.itemized,
        "failed_on": at.date() if told.status == "failed" else None,
    }
    changed = upsert_by_rules(session, Payout, fact, _PAYOUT_RULES)
    return Outcome(applied=changed, note="" if changed else "nothing new")


def list_unread_payouts(session: Session, limit: int = 20) -> Sequence[str]:
    """The payouts whose parts were not read yet, by Stripe's ids, the oldest first."""
    query = (
        select(Payout.stripe_id)
        .where(Payout.items_read_at.is_(None), Payout.itemized, Payout.status == "paid")
        .order_by(Payout.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def save_items(
    session: Session, payout_id: str, items: Iterable[BalanceTransaction], at: datetime
) -> int:
    """Keep the parts of a payout; how many are new. Again changes nothing."""
    payout = session.scalars(
        select(Payout).where(Payout.stripe_id == payout_id).with_for_update()
    ).one()
    new = 0
    for item in items:
        part = {
            "payout_id": payout.id,
            "balance_transaction_id": item.id,
            "kind": item.kind,
            "source": item.source_id,
            "amount": item.amount,
            "fee": item.fee,
            "net": item.amount - item.fee,
            "currency": item.currency,
            "created_at": item.created,
        }
        new += insert_once(session, PayoutItem, part, key="balance_transaction_id")
    payout.items_read_at = at
    session.flush()
    _match(session, PayoutItem.payout_id == payout.id)
    return new


def match_payout_items(session: Session, since: datetime) -> int:
    """Find the gifts of the parts since then whose gifts were booked after they were read; how many were found."""
    return _match(session, PayoutItem.created_at >= since)


def _match(session: Session, which: ColumnElement[bool]) -> int:
    gift = _gift_of_item()
    found = session.execute(
        update(PayoutItem)
        .where(which, PayoutItem.donation_id.is_(None), gift.is_not(None))
        .values(donation_id=gift)
        .returning(PayoutItem.id)
        .execution_options(synchronize_session=False)
    )
    return len(found.all())


def recent_payouts(session: Session, before: int | None = None) -> Sequence[tuple[Payout, int]]:
    """A page of payouts, the newest first, each with what its parts leave of its amount."""
    net = (
        select(func.coalesce(func.sum(PayoutItem.net), 0))
        .where(PayoutItem.payout_id == Payout.id)
        .scalar_subquery()
    )
    query = select(Payout, Payout.amount - net).order_by(Payout.id.desc()).limit(PAGE)
    if before is not None:
        query = query.where(Payout.id < before)
    return [(payout, int(left)) for payout, left in session.execute(query)]


def find_payout(session: Session, stripe_id: str) -> PayoutDetail:
    """One payout with its parts and their gifts; raises NotFound."""
    payout = session.scalars(select(Payout).where(Payout.stripe_id == stripe_id)).one_or_none()
    if payout is None:
        raise NotFound(f"There is no payout {stripe_id!r} here; `campaign payouts` fetches them.")
    item = PayoutItem
    sums = session.execute(
        select(
            func.count(),
            func.count().filter(item.donation_id.is_(None)),
            *(func.coalesce(func.sum(column), 0) for column in (item.amount, item.fee, item.net)),
        ).where(item.payout_id == payout.id)
    ).one()
    query = (
        select(item, Donation.public_id)
        .outerjoin(Donation, Donation.id == item.donation_id)
        .where(item.payout_id == payout.id)
        .order_by(item.id)
    )
    parts = [
        PayoutLine(one, donation or "") for one, donation in session.execute(query.limit(SHOWN))
    ]
    return PayoutDetail(payout, parts, *map(int, sums))


def payout_rows(session: Session, stripe_id: str) -> Iterator[dict[str, Any]]:
    """Every part of a payout as a flat row; the keys are COLUMNS."""
    query = (
        select(
            PayoutItem.balance_transaction_id,
            PayoutItem.kind,
            PayoutItem.source,
            Donation.public_id.label("donation_id"),
            PayoutItem.amount,
            PayoutItem.fee,
            PayoutItem.net,
            PayoutItem.currency,
            PayoutItem.created_at,
        )
        .join(Payout, Payout.id == PayoutItem.payout_id)
        .outerjoin(Donation, Donation.id == PayoutItem.donation_id)
        .where(Payout.stripe_id == stripe_id)
        .order_by(PayoutItem.id)
        .execution_options(yield_per=1000)
    )
    for row in session.execute(query).mappings():
        yield dict(row)


COLUMNS = (
    "balance_transaction_id",
    "kind",
    "source",
    "donation_id",
    "amount",
    "fee",
    "net",
    "currency",
    "created_at",
)


def _gift_of_item() -> ColumnElement[int | None]:
    """The donation that a part belongs to: by the entry that books it, else by what moved it."""
    booked = select(LedgerEntry.donation_id).where(
        LedgerEntry.balance_transaction_id == PayoutItem.balance_transaction_id
    )
    moved = (
        select(source.donation_id).where(source.stripe_id == PayoutItem.source)
        for source in (Charge, Refund, Dispute)
    )
    return func.coalesce(booked.scalar_subquery(), *(one.scalar_subquery() for one in moved))
