"""Whether a person can be removed now: not while money of theirs may still move."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.errors import ErasureRefused
from campaign.models import DonationState, Subscription, SubscriptionState
from campaign.privacy.personal_data_export import DataSubject


def require_erasable(session: Session, whose: DataSubject, at: datetime) -> None:
    """Raises ErasureRefused while a monthly gift goes on, or a payment is under way."""
    going_on = session.scalars(
        select(Subscription.stripe_id).where(
            Subscription.donor_id.in_(whose.donor_ids),
            Subscription.state != SubscriptionState.ended.value,
        )
    ).all()
    if going_on:
        raise ErasureRefused(
            "Nothing was erased: a monthly or yearly gift goes on. End it first: "
            + "; ".join(f"campaign subscription end {one}" for one in going_on)
        )
    for one in whose.donations:
        waiting = one.session_expires_at is not None and one.session_expires_at > at
        if one.state == DonationState.processing or (
            one.state in {DonationState.pending, DonationState.declined} and waiting
        ):
            raise ErasureRefused(
                f"Nothing was erased: donation {one.public_id} is {one.state}, and may still be paid. Try again once it"
                " is over: a page of Stripe's within a day, a bank debit within two weeks."
            )
