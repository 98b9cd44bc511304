"""Monthly and yearly gifts: the first donation begins one, each later invoice is a donation of its own."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, joinedload, selectinload

from campaign.core.errors import NotFound
from campaign.core.upsert import insert_once
from campaign.gateway import Invoice
from campaign.models import Donation, DonationState, Subscription, SubscriptionState
from campaign.models.base import new_public_id, new_token


def get_or_create_subscription(
    session: Session, donation: Donation, stripe_id: str
) -> Subscription:
    """The subscription `stripe_id`, begun by `donation` where it is not known yet."""
    begun = {
        "stripe_id": stripe_id,
        "campaign_id": donation.campaign_id,
        "donor_id": donation.donor_id,
        "frequency": donation.frequency,
        "amount": donation.amount,
        "fee_cover": donation.fee_cover,
        "currency": donation.currency,
        "state": SubscriptionState.active.value,
    }
    # Not locked here, as `get_or_insert` would: whoever joins holds the donation that began it.
    insert_once(session, Subscription, begun)
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


def split_amount(
    total: int, noted: tuple[int | None, int | None], agreed: Subscription
) -> tuple[int, int]:
    """Gift and covered fees of `total`: as noted with it, else as agreed; in minor units.

    Where neither adds up to it, somebody set another amount at Stripe: then all of it is gift.
    """
    gift, fee_cover = noted
    if gift and fee_cover is not None and gift + fee_cover == total:
        return gift, fee_cover
    if agreed.charge == total:
        return agreed.amount, agreed.fee_cover
    return total, 0


def renewal_donation(
    session: Session,
    first: Donation,
    subscription: Subscription,
    invoice: Invoice,
    charged_at: datetime,
) -> Donation:
    """The donation of a renewal, one an invoice; the caller holds the lock on the `first` donation.

    Its parts are those that the invoice itself carries, else those that were agreed.
    """
    amount, fee_cover = split_amount(
        invoice.amount_paid, (invoice.gift, invoice.fee_cover), subscription
    )
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
            amount=amount,
            fee_cover=fee_cover,
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


def find_subscription(session: Session, token: str) -> Subscription:
    """The monthly or yearly gift whose page is at `token`, with its campaign; raises NotFound."""
    found = session.scalar(
        select(Subscription)
        .where(Subscription.token == token)
        .options(joinedload(Subscription.campaign))
    )
    if found is None:
        raise NotFound("There is no monthly gift at this address.")
    return found


def get_subscription_by_stripe_id(session: Session, stripe_id: str) -> Subscription:
    """The monthly or yearly gift that Stripe calls `stripe_id`; raises NotFound."""
    found = session.scalar(select(Subscription).where(Subscription.stripe_id == stripe_id))
    if found is None:
        raise NotFound(f"There is no subscription {stripe_id!r} here; its name begins with sub_.")
    return found


def first_donation(session: Session, subscription: Subscription) -> Donation:
    """The donation that began it; its address and name are what letters go by."""
    return session.scalars(
        select(Donation)
        .where(Donation.subscription_id == subscription.id)
        .order_by(Donation.id)
        .limit(1)
    ).one()


def list_paid_donations(session: Session, subscription: Subscription) -> Sequence[Donation]:
    """Its donations that were paid, the latest first, each with its receipts."""
    return session.scalars(
        select(Donation)
        .where(Donation.subscription_id == subscription.id, Donation.paid_at.is_not(None))
        .options(selectinload(Donation.receipts))
        .order_by(Donation.charged_at.desc(), Donation.id.desc())
    ).all()
