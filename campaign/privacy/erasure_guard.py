"""Decide whether a person can be erased now: not while a payment of theirs may still happen."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.errors import ErasureRefused
from campaign.models import DonationState, Subscription, SubscriptionState
from campaign.privacy.personal_data_export import DataSubject


def require_erasable(session: Session, person: DataSubject, at: datetime) -> None:
    """Raise ErasureRefused while a monthly or yearly gift is active, or a payment is in progress."""
    active = session.scalars(
        select(Subscription.stripe_id).where(
            Subscription.donor_id.in_(person.donor_ids),
            Subscription.state != SubscriptionState.ended.value,
        )
    ).all()
    if active:
        raise ErasureRefused(
            "Nothing was erased: a monthly or yearly gift is active. Cancel it first: "
            + "; ".join(f"campaign subscription cancel {one}" for one in active)
        )
    for one in person.donations:
        waiting = one.session_expires_at is not None and one.session_expires_at > at
        if one.state == DonationState.processing or (
            one.state in {DonationState.pending, DonationState.declined} and waiting
        ):
            raise ErasureRefused(
                f"Nothing was erased: donation {one.public_id} is {one.state} and may still be paid."
                " Try again later: a Stripe payment page expires within a day, a bank debit settles within two weeks."
            )
