"""After a gift: the offer of a monthly gift, and closing the gift's page on a shared computer.

The offer is one sentence on the thank-you page. Donors who give monthly or yearly do not see it, and a donor who
declined it does not see it again.
"""

from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from campaign.core import money
from campaign.donations.donations import find_donation
from campaign.models import (
    Campaign,
    Donation,
    DonationState,
    Frequency,
    Subscription,
    SubscriptionState,
)

PAGE_LIFETIME = timedelta(minutes=15)
"""How long after the charge the page of a gift from a shared computer shows the donor's data."""

MONTHLY_SHARE = 10
"""The monthly amount offered is a tenth of the one-time gift."""
ROUND_TO_FIVE_FROM = 20
"""From this many currency units up, the offer is a multiple of five."""


def monthly_offer(session: Session, donation: Donation, at: datetime) -> int:
    """Return the monthly amount to offer after `donation`, in minor units; 0 for no offer."""
    campaign = donation.campaign
    if donation.state != DonationState.paid or donation.frequency != Frequency.one_time:
        return 0
    if donation.offer_declined_at is not None or not campaign.is_open(at) or campaign.pause_reason:
        return 0
    recurring = exists().where(
        Subscription.donor_id == donation.donor_id,
        Subscription.state != SubscriptionState.ended.value,
    )
    return (
        0
        if session.scalar(select(recurring))
        else suggested_monthly_amount(donation.amount, campaign)
    )


def suggested_monthly_amount(amount: int, campaign: Campaign) -> int:
    """Return a tenth of `amount` in whole units, at least the smallest charge; 0 if that is more than half of it."""
    unit = int(10 ** money.decimals(campaign.currency))
    units = max(
        (amount + MONTHLY_SHARE * unit // 2) // (MONTHLY_SHARE * unit),
        -(-campaign.smallest_amount // unit),
    )
    if units >= ROUND_TO_FIVE_FROM:
        units = (units + 2) // 5 * 5
    offered = max(1, units) * unit
    return offered if offered * 2 <= amount else 0


def decline_offer(session: Session, token: str, at: datetime) -> None:
    """Record that the donor declined the monthly gift; raises NotFound."""
    donation = find_donation(session, token)
    donation.offer_declined_at = donation.offer_declined_at or at


def close_page(session: Session, token: str, at: datetime) -> None:
    """Close the page of a gift from a shared computer; raises NotFound."""
    donation = find_donation(session, token)
    if donation.shared_computer and donation.page_closed_at is None:
        donation.page_closed_at = at


def is_page_closed(donation: Donation, at: datetime) -> bool:
    """Whether the page no longer shows the donor's data."""
    if not donation.shared_computer:
        return False
    charged = donation.paid_at or donation.charged_at or donation.created_at
    # While the gift is open, the page shows no personal data. The time starts once it is charged.
    waiting = donation.state in {DonationState.pending.value, DonationState.declined.value}
    return donation.page_closed_at is not None or (not waiting and at > charged + PAGE_LIFETIME)
