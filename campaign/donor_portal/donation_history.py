"""What a donor's own page shows: the gifts of every row that is theirs, of no other, whatever both have in common."""

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
"""Gifts that are shown at first."""


@dataclass(frozen=True)
class DonorGifts:
    """`gifts` are the latest, or all, of `number`.

    By their ids, `offline` tells of those that did not come through Stripe, `named` of those on the donor wall.
    """

    gifts: Sequence[Donation]
    number: int
    offline: dict[int, OfflineGift]
    named: dict[int, WallEntry]
    renewing: Sequence[Subscription]
    years: Sequence[int]


def list_donor_gifts(session: Session, donor: Donor, today: date, *, every: bool) -> DonorGifts:
    """The gifts of the person for whom `donor` speaks. `years` are those that are over, the latest first."""
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
        renewing=_renewing(session, donor),
        years=session.scalars(_years(donor, today)).all(),
    )


def _shown(donor: Donor) -> tuple[ColumnElement[bool], ...]:
    """What came, is promised, or was taken back; not what was only begun, since anyone may type an address."""
    known = or_(
        Donation.paid_at.is_not(None),
        Donation.returned_at.is_not(None),
        Donation.state == DonationState.processing.value,
    )
    return Donation.donor_id.in_(merged_ids(donor.id)), known


def _renewing(session: Session, donor: Donor) -> Sequence[Subscription]:
    """Those that go on first."""
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
    """The gift of that name, if it is theirs; raises NotFound where it is another's just as where there is none."""
    found = session.scalar(select(Donation).where(Donation.public_id == public_id, *_shown(donor)))
    if found is None:
        raise NotFound("There is no such gift here.")
    return found


def has_statement(session: Session, donor: Donor, year: int, today: date) -> bool:
    """Whether there is a statement of that year for the person."""
    return year in session.scalars(_years(donor, today)).all()
