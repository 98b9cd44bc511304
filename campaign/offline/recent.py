"""Data next to the form for offline gifts: recent entries, the campaigns to choose from, and donors by email."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, joinedload

from campaign.models import Campaign, Donation, Donor, LedgerEntry, LedgerKind, OfflineGift


class RecentGift(NamedTuple):
    """An offline gift, and whether it counts for a campaign."""

    gift: OfflineGift
    counted: bool


def latest_entries(
    session: Session, limit: int, batch_id: int | None = None
) -> Sequence[RecentGift]:
    """Return the latest gifts entered by anyone, newest first; only those of `batch_id`, if given."""
    counted = exists().where(
        LedgerEntry.donation_id == OfflineGift.donation_id,
        LedgerEntry.kind == LedgerKind.payment.value,
        LedgerEntry.campaign_id.is_not(None),
    )
    query = (
        select(OfflineGift, counted)
        .options(
            joinedload(OfflineGift.donation).joinedload(Donation.campaign),
            joinedload(OfflineGift.batch),
        )
        .order_by(OfflineGift.id.desc())
        .limit(limit)
    )
    if batch_id is not None:
        query = query.where(OfflineGift.batch_id == batch_id)
    return [RecentGift(gift, known) for gift, known in session.execute(query)]


def campaign_choices(session: Session) -> Sequence[Campaign]:
    """Return every campaign, the latest deadline first."""
    return session.scalars(
        select(Campaign).order_by(Campaign.deadline.desc(), Campaign.id.desc())
    ).all()


def describe_donor(session: Session, email: str) -> str:
    """Describe the donor with this email in a sentence, such as `Ana Reyes, 3 earlier gifts.`, or say there is none."""
    same = func.lower(Donor.email) == email.strip().lower()
    donor = session.scalar(select(Donor).where(same)) if email.strip() else None
    if donor is None:
        return "No donor has this email address yet."
    gifts = session.scalar(
        select(func.count()).where(Donation.donor_id == donor.id, Donation.paid_at.is_not(None))
    )
    earlier = "1 earlier gift" if gifts == 1 else f"{gifts} earlier gifts"
    return f"{donor.name or donor.email}, {earlier}."
