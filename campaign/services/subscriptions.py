"""Monthly and yearly gifts: the first donation begins one, each later invoice is a donation of its own."""

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.gateway import Invoice
from campaign.models import Donation, DonationState, Subscription, SubscriptionState
from campaign.models.base import new_public_id, new_token


def join_subscription(session: Session, donation: Donation, stripe_id: str) -> Subscription:
    """The subscription `stripe_id`, begun by `donation` where it is not known yet."""
    session.execute(
        insert(Subscription)
        .values(
            stripe_id=stripe_id,
            campaign_id=donation.campaign_id,
            donor_id=donation.donor_id,
            frequency=donation.frequency,
            amount=donation.amount,
            cover=donation.cover,
            currency=donation.currency,
            state=SubscriptionState.active.value,
        )
        .on_conflict_do_nothing()
    )
    subscription = session.scalars(
        select(Subscription).where(Subscription.stripe_id == stripe_id)
    ).one()
    if donation.subscription_id is None:
        donation.subscription_id = subscription.id
    return subscription


def first_donation_id(session: Session, subscription_stripe_id: str) -> str | None:
    """The public id of the donation that began a subscription, if we know it."""
    return session.scalar(
        select(Donation.public_id)
        .join(Subscription, Donation.subscription_id == Subscription.id)
        .where(Subscription.stripe_id == subscription_stripe_id)
        .order_by(Donation.id)
        .limit(1)
    )


def renewal_donation(
    session: Session,
    first: Donation,
    subscription: Subscription,
    invoice: Invoice,
    charged_at: datetime,
) -> Donation:
    """The donation of a renewal, one an invoice; the caller holds the lock on the `first` donation.

    Its amount is what the invoice took, less the covered fees where the whole is what was agreed.
    """
    agreed = subscription.amount + subscription.cover
    cover = subscription.cover if invoice.amount_paid == agreed else 0
    session.execute(
        insert(Donation)
        .values(
            public_id=new_public_id(),
            token=new_token(),
            campaign_id=first.campaign_id,
            donor_id=first.donor_id,
            subscription_id=subscription.id,
            attempt=hashlib.sha256(f"invoice\x1f{invoice.id}".encode()).hexdigest(),
            frequency=subscription.frequency,
            amount=invoice.amount_paid - cover,
            cover=cover,
            currency=invoice.currency,
            state=DonationState.pending.value,
            email=first.email,
            name=first.name,
            locale=first.locale,
            anonymous=first.anonymous,
            tribute_kind=first.tribute_kind,
            tribute_name=first.tribute_name,
            code=first.code,
            invoice_id=invoice.id,
            created_at=charged_at,
        )
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(Donation).where(Donation.invoice_id == invoice.id).with_for_update()
    ).one()
