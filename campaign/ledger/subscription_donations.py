"""Donations of monthly and yearly gifts: the first one starts the subscription, each later invoice is another."""

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
from campaign.models.base import new_public_id


def get_or_create_subscription(
    session: Session, donation: Donation, stripe_id: str
) -> Subscription:
    """Return the subscription `stripe_id`; create it from `donation` if it is not known yet."""
    values = {
        "stripe_id": stripe_id,
        "campaign_id": donation.campaign_id,
        "donor_id": donation.donor_id,
        "frequency": donation.frequency,
        "amount": donation.amount,
        "fee_cover": donation.fee_cover,
        "currency": donation.currency,
        "state": SubscriptionState.active.value,
    }
    # Unlike `find_or_add`, this takes no lock: callers hold the lock on the donation that started it.
    insert_once(session, Subscription, values)
    subscription = session.scalars(
        select(Subscription).where(Subscription.stripe_id == stripe_id)
    ).one()
    if donation.subscription_id is None:
        donation.subscription_id = subscription.id
    return subscription


def first_donation_id(session: Session, subscription_stripe_id: str) -> str | None:
    """Return the public id of the donation that started a subscription; None if it is unknown."""
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
    """Split `total` into (gift, covered fees): as `noted` with it, else as `agreed`; in minor units.

    If neither adds up to `total`, the amount was changed at Stripe; then all of it is the gift.
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
    """Return the donation for a renewal's invoice, created once. The caller holds the lock on the `first` donation.

    Gift and covered fees are those on the invoice, else those of the subscription.
    """
    amount, fee_cover = split_amount(
        invoice.amount_paid, (invoice.gift, invoice.fee_cover), subscription
    )
    session.execute(
        insert(Donation)
        .values(
            public_id=_renewal_id(session, invoice),
            campaign_id=subscription.campaign_id,
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


def _renewal_id(session: Session, invoice: Invoice) -> str:
    """Return the id that the renewal had before a restore, if its payment names one that is free; else a new one."""
    had = invoice.renewal_id
    if had and session.scalar(select(Donation.id).where(Donation.public_id == had)) is None:
        return had
    return new_public_id()


def find_subscription(session: Session, token: str) -> Subscription:
    """Return the monthly or yearly gift with this page token, and its campaign; raises NotFound."""
    found = session.scalar(
        select(Subscription)
        .where(Subscription.token == token)
        .options(joinedload(Subscription.campaign))
    )
    if found is None:
        raise NotFound("There is no monthly gift at this address.")
    return found


def get_subscription_by_stripe_id(session: Session, stripe_id: str) -> Subscription:
    """Return the monthly or yearly gift with this Stripe id; raises NotFound."""
    found = session.scalar(select(Subscription).where(Subscription.stripe_id == stripe_id))
    if found is None:
        raise NotFound(
            f"There is no subscription {stripe_id!r} here. Subscription ids start with sub_."
        )
    return found


def first_donation(session: Session, subscription: Subscription) -> Donation:
    """Return the donation that started the subscription; emails use its name and address."""
    return session.scalars(
        select(Donation)
        .where(Donation.subscription_id == subscription.id)
        .order_by(Donation.id)
        .limit(1)
    ).one()


def list_paid_donations(session: Session, subscription: Subscription) -> Sequence[Donation]:
    """Return the subscription's paid donations with their receipts, newest first."""
    return session.scalars(
        select(Donation)
        .where(Donation.subscription_id == subscription.id, Donation.paid_at.is_not(None))
        .options(selectinload(Donation.receipts))
        .order_by(Donation.charged_at.desc(), Donation.id.desc())
    ).all()
