"""The donor page's data: gifts of all records merged into this donor, and no others, however similar they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Integer, Select, exists, extract, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from campaign.core.errors import NotFound
from campaign.donations.canonical_donors import merged_ids
from campaign.models import (
    Donation,
    DonationState,
    Donor,
    OfflineGift,
    Receipt,
    ReceiptKind,
    Subscription,
    SubscriptionState,
    WallEntry,
)
from campaign.receipts.receipts import is_tax_receipt

LATEST = 24
"""How many gifts the page lists at first."""


@dataclass(frozen=True)
class DonorGifts:
    """`gifts` are the latest of `number` gifts, or all of them.

    By donation id, `offline` has the offline gifts and `named` the entries on the donor wall.
    """

    gifts: Sequence[Donation]
    number: int
    offline: dict[int, OfflineGift]
    named: dict[int, WallEntry]
    subscriptions: Sequence[Subscription]
    years: Sequence[int]


def list_donor_gifts(session: Session, donor: Donor, today: date, *, every: bool) -> DonorGifts:
    """Return the gifts of the canonical donor `donor`. `years` are past years with receipts, latest first."""
    mine = _shown(donor)
    number = session.scalar(select(func.count()).select_from(Donation).where(*mine)) or 0
    query = (
        select(Donation)
        .where(*mine)
        .options(
            joinedload(Donation.campaign),
            joinedload(Donation.subscription),
            selectinload(Donation.receipts),
        )
        .order_by(
            func.coalesce(Donation.charged_at, Donation.created_at).desc(), Donation.id.desc()
        )
    )
    gifts = session.scalars(query if every else query.limit(LATEST)).all()
    ids = [gift.id for gift in gifts]
    offline = session.scalars(select(OfflineGift).where(OfflineGift.donation_id.in_(ids)))
    named = session.scalars(select(WallEntry).where(WallEntry.donation_id.in_(ids)))
    return DonorGifts(
        gifts=gifts,
        number=number,
        offline={one.donation_id: one for one in offline},
        named={one.donation_id: one for one in named},
        subscriptions=_subscriptions(session, donor),
        years=session.scalars(_years(donor, today)).all(),
    )


def _shown(donor: Donor) -> tuple[ColumnElement[bool], ...]:
    """Select paid, processing and returned gifts. Unpaid ones are left out: anyone can type someone else's address."""
    known = or_(
        Donation.paid_at.is_not(None),
        Donation.returned_at.is_not(None),
        Donation.state == DonationState.processing.value,
    )
    return Donation.donor_id.in_(merged_ids(donor.id)), known


def _subscriptions(session: Session, donor: Donor) -> Sequence[Subscription]:
    """List monthly and yearly gifts, active ones first."""
    return session.scalars(
        select(Subscription)
        .where(Subscription.donor_id.in_(merged_ids(donor.id)))
        .options(joinedload(Subscription.campaign))
        .order_by(
            (Subscription.state == SubscriptionState.ended.value).asc(), Subscription.id.desc()
        )
    ).all()


def _years(donor: Donor, today: date) -> Select[int]:
    later = aliased(Receipt)
    year = extract("year", Receipt.gift_date).cast(Integer)
    return (
        select(year)
        .join(Receipt.donation)
        .where(
            Donation.donor_id.in_(merged_ids(donor.id)),
            Receipt.gift_date < date(today.year, 1, 1),
            Receipt.kind != ReceiptKind.void.value,
            ~exists().where(later.replaces_id == Receipt.id),
            is_tax_receipt(),
        )
        .distinct()
        .order_by(year.desc())
    )


def find_donor_gift(session: Session, donor: Donor, public_id: str) -> Donation:
    """Return the donor's gift with this id; raises NotFound if it does not exist or is another donor's."""
    found = session.scalar(select(Donation).where(Donation.public_id == public_id, *_shown(donor)))
    if found is None:
        raise NotFound("There is no such gift.")
    return found


def has_statement(session: Session, donor: Donor, year: int, today: date) -> bool:
    """Whether the donor has a statement for that year."""
    return year in session.scalars(_years(donor, today)).all()
