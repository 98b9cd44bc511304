"""The list of donations: filters and a search, newest first, page by page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session

from campaign.donors.keyset_paging import Cursor, Keys, Listing, read_keys
from campaign.donors.search_query import Entity, read_donation_search
from campaign.models import Campaign, Donation, OfflineGift


class PaymentChannel(StrEnum):
    """How a gift was made: through Stripe, or offline."""

    card = "card"
    offline = "offline"


@dataclass(frozen=True)
class DonationFilters:
    """The filters; None does not filter. `least` and `most` are minor units of `currency`; times are [since, until)."""

    campaign_id: int | None = None
    state: str | None = None
    frequency: str | None = None
    way: PaymentChannel | None = None
    since: datetime | None = None
    until: datetime | None = None
    least: int | None = None
    most: int | None = None
    currency: str | None = None

    def near(self, one: Entity) -> ColumnElement[bool]:
        """Return the conditions that an index ordered by time supports."""
        return _all(
            (self.campaign_id, lambda wanted: one.campaign_id == wanted),
            (self.since, lambda wanted: one.created_at >= wanted),
            (self.until, lambda wanted: one.created_at < wanted),
        )

    def rest(self, one: Entity) -> ColumnElement[bool]:
        """Return all other conditions."""
        offline = one.id.in_(select(OfflineGift.donation_id))
        sums = self.currency if (self.least, self.most) != (None, None) else None
        return _all(
            (self.state, lambda wanted: one.state == wanted),
            (self.frequency, lambda wanted: one.frequency == wanted),
            (self.way, lambda wanted: offline if wanted is PaymentChannel.offline else ~offline),
            (self.least, lambda wanted: one.amount >= wanted),
            (self.most, lambda wanted: one.amount <= wanted),
            (sums, lambda wanted: one.currency == wanted),
        )


def _all(*filters: tuple[Any, Callable[[Any], ColumnElement[bool]]]) -> ColumnElement[bool]:
    """Combine the conditions of the filters that are set."""
    return and_(true(), *(condition(wanted) for wanted, condition in filters if wanted is not None))


@dataclass(frozen=True)
class DonationRow:
    """One donation in the list. `offline` is the kind of an offline gift, '' for a donation through Stripe."""

    public_id: str
    created_at: datetime
    campaign: str
    amount: int
    fee_cover: int
    currency: str
    state: str
    frequency: str
    name: str
    email: str
    code: str
    donor_id: int
    offline: str


def find_donations(
    session: Session, filters: DonationFilters, text: str, cursor: Cursor
) -> tuple[Sequence[DonationRow], Keys]:
    """Return a page of the donations that match `filters` and `text`, and the keys of the neighboring pages."""
    listing = Listing(Donation, ("created_at", "id"), filters.near, filters.rest)
    keys = read_keys(session, listing, read_donation_search(session, text), cursor)
    return _rows(session, keys.ids), keys


def _rows(session: Session, ids: Sequence[int]) -> Sequence[DonationRow]:
    rows = session.execute(
        select(
            Donation.public_id,
            Donation.created_at,
            Campaign.slug.label("campaign"),
            Donation.amount,
            Donation.fee_cover,
            Donation.currency,
            Donation.state,
            Donation.frequency,
            Donation.name,
            Donation.email,
            Donation.code,
            Donation.donor_id,
            func.coalesce(OfflineGift.kind, "").label("offline"),
        )
        .join(Campaign, Campaign.id == Donation.campaign_id)
        .outerjoin(OfflineGift, OfflineGift.donation_id == Donation.id)
        .where(Donation.id.in_(ids))
        .order_by(Donation.created_at.desc(), Donation.id.desc())
    )
    return [DonationRow(**row._asdict()) for row in rows]
