"""How many readers gave today: from standing gifts only, on the campaign's own calendar day."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from campaign.campaigns.donor_wall import STATES_ON_WALL
from campaign.core import clock
from campaign.models import Campaign, Donation, LedgerEntry, LedgerKind

MAX_GIFTS = 2_000
"""The newest of today's gifts that are looked at: two thousand cost a few milliseconds."""

MIN_SHOWN = 3
"""Below this nothing is told: a number so small says who."""


@dataclass(frozen=True)
class DonorsToday:
    """`readers` who gave today and whose gift stands. `more`: at least so many, and gifts that were not looked at."""

    readers: int
    more: bool

    @property
    def told(self) -> bool:
        return self.readers >= MIN_SHOWN


NO_DONORS = DonorsToday(0, more=False)


def count_donors_today(session: Session, campaign: Campaign, at: datetime) -> DonorsToday:
    """Those who gave since midnight in the campaign's zone; NOBODY outside its window."""
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
    readers, looked_at = session.execute(
        select(
            func.count(distinct(Donation.donor_id)).filter(Donation.state.in_(STATES_ON_WALL)),
            func.count(),
        ).join(newest, newest.c.donation_id == Donation.id)
    ).one()
    return DonorsToday(readers, more=looked_at == MAX_GIFTS)
