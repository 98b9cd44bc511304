"""How many readers gave today, on the campaign's own calendar day; fully refunded gifts do not count."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from campaign.campaigns.donor_wall import STATES_ON_WALL
from campaign.core import clock
from campaign.models import Campaign, Donation, LedgerEntry, LedgerKind

MAX_GIFTS = 2_000
"""At most this many of today's newest gifts are counted; two thousand take a few milliseconds."""

MIN_SHOWN = 3
"""Show nothing below this number: so small a number could identify someone."""


@dataclass(frozen=True)
class DonorsToday:
    """`readers` gave today and were not fully refunded. `more`: there were more gifts than were counted."""

    readers: int
    more: bool

    @property
    def is_shown(self) -> bool:
        return self.readers >= MIN_SHOWN


NO_DONORS = DonorsToday(0, more=False)


def count_donors_today(session: Session, campaign: Campaign, at: datetime) -> DonorsToday:
    """Count who gave since midnight in the campaign's time zone; NOBODY if the campaign is not open."""
    if not campaign.is_open(at):
        return NO_DONORS
    newest = (
        select(LedgerEntry.donation_id)
        .where(
            LedgerEntry.campaign_id == campaign.id,
            LedgerEntry.kind == LedgerKind.payment.value,
            LedgerEntry.occurred_at
            >= clock.start_of_day(at.astimezone(campaign.zone).date(), campaign.zone),
            LedgerEntry.occurred_at <= at,
        )
        .order_by(LedgerEntry.occurred_at.desc())
        .limit(MAX_GIFTS)
        .subquery()
    )
    readers, counted = session.execute(
        select(
            func.count(distinct(Donation.donor_id)).filter(Donation.state.in_(STATES_ON_WALL)),
            func.count(),
        ).join(newest, newest.c.donation_id == Donation.id)
    ).one()
    return DonorsToday(readers, more=counted == MAX_GIFTS)
