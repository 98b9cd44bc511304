"""Save Stripe's payouts and their items, and match the items to the ledger."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
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
from campaign.models import (
    Charge,
    Conversion,
    Dispute,
    Donation,
    LedgerEntry,
    Payout,
    PayoutItem,
    Refund,
)

PAGE = 50
SHOWN = 200
"""The most items on a payout's page; the CSV file has all of them."""
_ORDER = ("pending", "in_transit", "paid", "canceled", "failed")
"""Stripe's statuses in the order they can follow each other: a paid payout may still fail."""
_PAYOUT_RULES: Mapping[str, Rule] = {
    "status": later_in(_ORDER, by="status"),
    "arrival_date": later_in(_ORDER, by="status"),
    "itemized": either,
    "failed_on": first_known,
}


@dataclass(frozen=True)
class PayoutLine:
    """An item of a payout, and the public id of its donation ('' if it is not ours).

    If Stripe converted it, `gift_currency` is the currency that the donor paid in, and `exchange_rate` Stripe's.
    """

    item: PayoutItem
    donation: str
    gift_currency: str = ""
    exchange_rate: Decimal | None = None


@dataclass(frozen=True)
class PayoutDetail:
    """A payout with its first items, and the totals of all its items in minor units.

    `number` counts all items, `foreign` those that match no donation here.
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
        """The payout's amount minus the net total of its items; 0 once all items are read."""
        return self.payout.amount - self.net


def record_payout(session: Session, found: StripePayout, at: datetime) -> Outcome:
    """Save a payout; of two reports, the later status wins, in whichever order they arrive.

    `at`: the time of Stripe's report.
    """
    fact = {
        "stripe_id": found.id,
        "amount": found.amount,
        "currency": found.currency,
        "status": found.status,
        "arrival_date": found.arrival_date,
        "created_at": found.created,
        "itemized": found.itemized,
        "failed_on": at.date() if found.status == "failed" else None,
    }
    changed = upsert_by_rules(session, Payout, fact, _PAYOUT_RULES)
    return Outcome(applied=changed, note="" if changed else "nothing new")


def list_unread_payouts(session: Session, limit: int = 20) -> Sequence[str]:
    """Return the Stripe ids of paid payouts whose items were not read yet, oldest first."""
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
    """Save a payout's items and match them to donations; return how many are new. Idempotent."""
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
    """Match items since then whose donations were booked after the items were read; return how many matched."""
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
    """Return a page of payouts, newest first, each with the part of its amount that no item explains."""
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
    """Return one payout with its items and their donations; raises NotFound."""
    payout = session.scalars(select(Payout).where(Payout.stripe_id == stripe_id)).one_or_none()
    if payout is None:
        raise NotFound(
            f"There is no payout {stripe_id!r} here. Run `campaign payouts` to fetch payouts."
        )
    item = PayoutItem
    sums = session.execute(
        select(
            func.count(),
            func.count().filter(item.donation_id.is_(None)),
            *(func.coalesce(func.sum(column), 0) for column in (item.amount, item.fee, item.net)),
        ).where(item.payout_id == payout.id)
    ).one()
    query = (
        select(item, Donation.public_id, Conversion.currency, Conversion.exchange_rate)
        .outerjoin(Donation, Donation.id == item.donation_id)
        .outerjoin(Conversion, _converted())
        .where(item.payout_id == payout.id)
        .order_by(item.id)
    )
    parts = [
        PayoutLine(one, donation or "", currency or "", rate)
        for one, donation, currency, rate in session.execute(query.limit(SHOWN))
    ]
    return PayoutDetail(payout, parts, *map(int, sums))


def payout_rows(session: Session, stripe_id: str) -> Iterator[dict[str, Any]]:
    """Yield every item of a payout as a flat row; the keys are COLUMNS."""
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
            Conversion.currency.label("gift_currency"),
            Conversion.exchange_rate,
        )
        .join(Payout, Payout.id == PayoutItem.payout_id)
        .outerjoin(Conversion, _converted())
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
    "gift_currency",
    "exchange_rate",
)


def _converted() -> ColumnElement[bool]:
    return Conversion.balance_transaction_id == PayoutItem.balance_transaction_id


def _gift_of_item() -> ColumnElement[int | None]:
    """Return the SQL for an item's donation: by its ledger entry, else by its charge, refund or dispute."""
    booked = select(LedgerEntry.donation_id).where(
        LedgerEntry.balance_transaction_id == PayoutItem.balance_transaction_id
    )
    moved = (
        select(source.donation_id).where(source.stripe_id == PayoutItem.source)
        for source in (Charge, Refund, Dispute)
    )
    return func.coalesce(booked.scalar_subquery(), *(one.scalar_subquery() for one in moved))
