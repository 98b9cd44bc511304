"""Donors and their gifts in tests, inserted without any history."""

import itertools
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.mailer.outbox import CLAIMED, EmailClaim
from campaign.models import (
    Campaign,
    Donation,
    Donor,
    OutboxMessage,
    Receipt,
    Subscription,
    SubscriptionState,
)
from campaign.runtime.context import Installation

_numbers = itertools.count(1)


def add_donor(session: Session, email: str, name: str = "Ana Reyes", **changes: Any) -> Donor:
    donor = Donor(email=email, name=name, **changes)
    session.add(donor)
    session.flush()
    return donor


def add_donation(session: Session, campaign: Campaign, donor: Donor, **changes: Any) -> Donation:
    """Create a paid gift of $25 by this donor, without ledger entries."""
    wanted: dict[str, Any] = {
        "attempt": f"as-{next(_numbers)}",
        "frequency": "one_time",
        "amount": 2500,
        "currency": campaign.currency,
        "state": "paid",
        "email": donor.email,
        "name": donor.name,
        "charged_at": now(),
        "paid_at": now(),
    }
    gift = Donation(campaign_id=campaign.id, donor_id=donor.id, **{**wanted, **changes})
    session.add(gift)
    session.flush()
    return gift


def add_subscription(
    session: Session, campaign: Campaign, donor: Donor, **changes: Any
) -> Subscription:
    """Create a monthly gift of $10 by this donor; `ended=True` for one that has ended."""
    if changes.pop("ended", False):
        changes |= {"state": SubscriptionState.ended.value, "ended_at": now()}
    subscription = Subscription(
        stripe_id=f"sub_as_{next(_numbers)}",
        campaign_id=campaign.id,
        donor_id=donor.id,
        frequency="monthly",
        amount=1000,
        currency=campaign.currency,
        **changes,
    )
    session.add(subscription)
    session.flush()
    return subscription


def add_receipt(session: Session, gift: Donation, day: date, **changes: Any) -> Receipt:
    """Create a receipt for this gift, dated `day`."""
    number = next(_numbers)
    wanted: dict[str, Any] = {
        "year": day.year,
        "sequence": 10_000 + number,
        "amount": gift.amount,
        "gift_date": day,
        "frozen": {
            "donor_name": gift.name,
            "donor_email": gift.email,
            "campaign_title": "Nine days",
        },
    }
    receipt = Receipt(
        donation_id=gift.id,
        campaign_id=gift.campaign_id,
        currency=gift.currency,
        **{**wanted, **changes},
    )
    session.add(receipt)
    session.flush()
    return receipt


def claim_of(message: OutboxMessage) -> EmailClaim:
    """Return the message as a worker claims it."""
    return EmailClaim(**{column.key: getattr(message, column.key) for column in CLAIMED})


def queue_appeal(installation: Installation, campaign: Campaign, email: str) -> EmailClaim:
    """Queue an appeal to this address; return it as a worker claims it."""
    with installation.sessions.begin() as session:
        message = OutboxMessage(
            kind="appeal",
            subject_key=email,
            campaign_id=campaign.id,
            recipient=email,
            bulk=True,
            message_id=f"<{email}>",
        )
        session.add(message)
        session.flush()
        return claim_of(message)
