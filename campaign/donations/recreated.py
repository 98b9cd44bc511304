"""Create again the row of a donation that Stripe names and this database lacks, because it was restored."""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.core.link_tokens import new_link_name
from campaign.donations.donations import Gift, find_or_add_donor
from campaign.models import Campaign, Donation, DonationState, Donor, ErasedPerson

_PUBLIC_ID = re.compile(r"don_[0-9a-f]{20}")
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,200}")


def names_donation(public_id: object, campaign: object) -> bool:
    """Return whether these are a donation's id and a campaign's slug, as our metadata at Stripe has them.

    Other applications on the same account may use the same keys for ids of their own.
    """
    if not isinstance(public_id, str) or not isinstance(campaign, str):
        return False
    return bool(_PUBLIC_ID.fullmatch(public_id) and _SLUG.fullmatch(campaign))


@dataclass(frozen=True)
class LostGift:
    """What Stripe still knows of a gift. Amounts are minor units of `currency`.

    `token` opened the gift's page; '' if unknown. What was never sent to Stripe is lost: comment, dedication, consent.
    """

    public_id: str
    frequency: str
    amount: int
    fee_cover: int
    currency: str
    created_at: datetime
    email: str
    name: str
    locale: str = "en"
    code: str = ""
    token: str = ""
    session_id: str | None = None


def recreate_donation(session: Session, campaign: Campaign, lost: LostGift) -> Donation:
    """Return the pending donation with the ids it had; create it if it is missing. Safe to repeat and concurrently."""
    if _was_erased(session, lost.public_id):
        # Stripe keeps its own record of the person, who is not to come back from there.
        lost = replace(lost, email="", name="")
    key = hashlib.sha256(f"recreated\x1f{lost.public_id}".encode()).hexdigest()
    session.execute(
        insert(Donation)
        .values(
            public_id=lost.public_id,
            token=_unless_taken(session, Donation.token, lost.token) or new_link_name(),
            campaign_id=campaign.id,
            donor_id=_donor(session, lost),
            attempt=key,
            state=DonationState.pending.value,
            frequency=lost.frequency,
            amount=lost.amount,
            fee_cover=lost.fee_cover,
            currency=lost.currency,
            email=lost.email,
            name=lost.name,
            locale=lost.locale,
            code=lost.code,
            session_id=_unless_taken(session, Donation.session_id, lost.session_id),
            created_at=lost.created_at,
        )
        .on_conflict_do_nothing()
    )
    return session.scalars(select(Donation).where(Donation.public_id == lost.public_id)).one()


def _was_erased(session: Session, public_id: str) -> bool:
    listed = select(ErasedPerson.id).where(ErasedPerson.donations.contains([public_id]))
    return session.scalar(listed.limit(1)) is not None


def _unless_taken(session: Session, column: Any, value: str | None) -> str | None:
    """Return `value`, or None if another donation has it."""
    taken = select(Donation.id).where(column == value)
    return value if value and session.scalar(taken) is None else None


def _donor(session: Session, lost: LostGift) -> int:
    if lost.email:
        gift = Gift(
            email=lost.email,
            amount=lost.amount,
            frequency=lost.frequency,
            attempt="",
            name=lost.name,
            locale=lost.locale,
        )
        return find_or_add_donor(session, gift)
    donor = Donor(email="", name=lost.name, locale=lost.locale)
    session.add(donor)
    session.flush()
    return donor.id
