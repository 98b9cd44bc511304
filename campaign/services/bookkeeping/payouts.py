"""Payouts, kept as Stripe tells them, and held against what the ledger knows of their parts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.errors import NotFound
from campaign.gateway import Movement
from campaign.gateway.payouts import StripePayout
from campaign.models import Charge, Dispute, Donation, LedgerEntry, Payout, PayoutItem, Refund
from campaign.services.books import Outcome

PAGE = 50
_ORDER = ("pending", "in_transit", "paid", "canceled", "failed")
"""Stripe's words in the order in which they can follow: a payout that was paid may still fail."""


@dataclass(frozen=True)
class Part:
    """A part of a payout, and the gift it belongs to ('' where it is none of ours)."""

    item: PayoutItem
    donation: str


@dataclass(frozen=True)
class PaidOut:
    """A payout with its parts. `unexplained` is what they leave of its amount, in minor units; 0 when all is read."""

    payout: Payout
    parts: Sequence[Part]
    unexplained: int

    @property
    def foreign(self) -> int:
        """How many of its parts belong to no gift that is known here."""
        return sum(not part.donation for part in self.parts)


def note_payout(session: Session, told: StripePayout) -> Outcome:
    """Keep what Stripe says of a payout; of two facts the later in its life stands, whichever comes first."""
    row = insert(Payout).values(
        stripe_id=told.id,
        amount=told.amount,
        currency=told.currency,
        status=told.status,
        arrival_date=told.arrival_date,
        created_at=told.created,
    )
    rank = {name: number for number, name in enumerate(_ORDER)}
    later = case(rank, value=row.excluded.status, else_=0) > case(
        rank, value=Payout.status, else_=0
    )
    changed = session.execute(
        row.on_conflict_do_update(
            index_elements=[Payout.stripe_id],
            set_={
                "status": row.excluded.status,
                "arrival_date": row.excluded.arrival_date,
            },
            where=later,
        ).returning(Payout.id)
    ).one_or_none()
    return Outcome(applied=changed is not None, note="" if changed else "nothing new")


def unread(session: Session, limit: int = 20) -> Sequence[str]:
    """The payouts whose parts were not read yet, by Stripe's ids, the oldest first."""
    query = (
        select(Payout.stripe_id)
        .where(Payout.items_read_at.is_(None), Payout.status.in_(("paid", "in_transit")))
        .order_by(Payout.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def keep_items(session: Session, payout_id: str, items: Iterable[Movement], at: datetime) -> int:
    """Keep the parts of a payout; how many are new. Again changes nothing."""
    payout = session.scalars(
        select(Payout).where(Payout.stripe_id == payout_id).with_for_update()
    ).one()
    new = 0
    for item in items:
        row = insert(PayoutItem).values(
            payout_id=payout.id,
            balance_transaction_id=item.id,
            kind=item.kind,
            source=item.source_id,
            amount=item.amount,
            fee=item.fee,
            net=item.amount - item.fee,
            currency=item.currency,
            created_at=item.created,
        )
        kept = row.on_conflict_do_nothing().returning(PayoutItem.id)
        new += session.execute(kept).one_or_none() is not None
    payout.items_read_at = at
    session.flush()
    return new


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


def find_payout(session: Session, stripe_id: str) -> PaidOut:
    """One payout with its parts and their gifts; raises NotFound."""
    payout = session.scalars(select(Payout).where(Payout.stripe_id == stripe_id)).one_or_none()
    if payout is None:
        raise NotFound(f"There is no payout {stripe_id!r} here; `campaign payouts` fetches them.")
    donation_id = func.coalesce(
        LedgerEntry.donation_id, Charge.donation_id, Refund.donation_id, Dispute.donation_id
    )
    query = (
        select(PayoutItem, Donation.public_id)
        .outerjoin(
            LedgerEntry, LedgerEntry.balance_transaction_id == PayoutItem.balance_transaction_id
        )
        .outerjoin(Charge, Charge.stripe_id == PayoutItem.source)
        .outerjoin(Refund, Refund.stripe_id == PayoutItem.source)
        .outerjoin(Dispute, Dispute.stripe_id == PayoutItem.source)
        .outerjoin(Donation, Donation.id == donation_id)
        .where(PayoutItem.payout_id == payout.id)
        .order_by(PayoutItem.created_at, PayoutItem.id)
    )
    parts = [Part(item, donation or "") for item, donation in session.execute(query)]
    left = payout.amount - sum(part.item.net for part in parts)
    return PaidOut(payout, parts, left)
