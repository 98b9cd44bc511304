"""After a gift: a monthly one that may be offered once, and the page of who sat at a shared computer.

For the donor's page. An offer is one sentence, made to whom it is news, and never again where it was declined.
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
"""How long the page of a gift from a shared computer tells whose it was, from the charge on."""

MONTHLY_SHARE = 10
"""A month's gift is offered at a tenth of what was given at once."""
ROUND_TO_FIVE_FROM = 20
"""Units of the currency from which on an offer is a multiple of five."""


def monthly_offer(session: Session, donation: Donation, at: datetime) -> int:
    """Minor units a month that may be offered beside `donation`; 0 where nothing is."""
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
    """A tenth of `amount` in whole units, at least the smallest that can be charged; 0 where that is not small."""
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
    """No monthly gift is offered beside this one any more; raises NotFound."""
    donation = find_donation(session, token)
    donation.offer_declined_at = donation.offer_declined_at or at


def close_page(session: Session, token: str, at: datetime) -> None:
    """The donor at a shared computer has finished; raises NotFound."""
    donation = find_donation(session, token)
    if donation.shared_computer and donation.page_closed_at is None:
        donation.page_closed_at = at


def is_page_closed(donation: Donation, at: datetime) -> bool:
    """Whether the page tells nothing of the person any more."""
    if not donation.shared_computer:
        return False
    charged = donation.paid_at or donation.charged_at or donation.created_at
    # A page that waits for Stripe names nobody; what became of it is told for as long, once it is known.
    waiting = donation.state in {DonationState.pending.value, DonationState.declined.value}
    return donation.page_closed_at is not None or (not waiting and at > charged + PAGE_LIFETIME)
