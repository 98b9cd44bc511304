"""Warnings before an offline gift is saved: it may be a duplicate, or it may not count for the campaign."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from campaign.core import money
from campaign.core.errors import OfflineGiftKnown
from campaign.donations.gift_dates import place_offline_gift
from campaign.donations.offline_kinds import KIND_NAMES, REVERSAL_TEXTS
from campaign.models import Campaign, Donation, OfflineGift, ReversalReason
from campaign.offline.entry_parsing import OfflineEntry

DUPLICATE_WINDOW = timedelta(days=10)
"""The most time between two entries of the same check, as the received date may differ."""


@dataclass(frozen=True)
class EntryWarning:
    """A warning: a sentence, and the key to waive it."""

    key: str
    words: str


def require_new_reference(session: Session, reference: str) -> None:
    """Raise OfflineGiftKnown if a gift already has this reference, ignoring case and gifts entered by mistake."""
    known = find_by_reference(session, reference)
    if known is None:
        return
    was = (
        f" (later {REVERSAL_TEXTS[ReversalReason(known.reversal_reason)]})"
        if known.reversal_reason
        else ""
    )
    raise OfflineGiftKnown(
        f"Reference {known.reference} is already {describe(known)}{was}. If this is a different gift, add something to"
        f" its reference, such as the bank's name: {reference} First National."
    )


def find_by_reference(session: Session, reference: str) -> OfflineGift | None:
    """Return the gift with this reference, ignoring case, unless it was reversed as a mistake."""
    return session.scalar(
        select(OfflineGift)
        .where(
            func.lower(OfflineGift.reference) == func.lower(reference),
            OfflineGift.reversal_reason.is_distinct_from(ReversalReason.mistake.value),
        )
        .options(joinedload(OfflineGift.donation))
    )


def describe(gift: OfflineGift) -> str:
    """Describe a gift: `a check of $50 from Ana Reyes, received on 2026-12-03, entered by ben@example.org on 2026-12-04
    at 14:05`.
    """
    donation = gift.donation
    amount = money.format_money(donation.amount, donation.currency)
    giver = donation.name or donation.email or "an unnamed donor"
    kind = next(name for one, name in KIND_NAMES.items() if one == gift.kind).lower()
    article = "" if kind in {"cash", "stock"} else "a "
    zone = donation.campaign.zone
    return (
        f"{article}{kind} of {amount} from {giver}, received on {gift.received_on}, entered by {gift.entered_by}"
        f" on {gift.created_at.astimezone(zone):%Y-%m-%d at %H:%M}"
    )


def entry_warnings(
    session: Session, entry: OfflineEntry, campaign: Campaign, at: datetime
) -> list[EntryWarning]:
    """Return every warning to show before `entry` is saved."""
    return [*_placement_warnings(entry, campaign, at), *_duplicate_warnings(session, entry)]


def _placement_warnings(
    entry: OfflineEntry, campaign: Campaign, at: datetime
) -> Iterator[EntryWarning]:
    place = place_offline_gift(campaign, entry.day, at)
    if not place.counts:
        yield EntryWarning(
            "place",
            f"This gift does not count for the campaign: {place.why_not}.",
        )


def _duplicate_warnings(session: Session, entry: OfflineEntry) -> Iterator[EntryWarning]:
    for gift in find_similar_gifts(session, entry):
        yield EntryWarning(
            f"like-{gift.id}", f"This may be a duplicate of {gift.reference}, {describe(gift)}."
        )


def find_similar_gifts(session: Session, entry: OfflineEntry) -> Sequence[OfflineGift]:
    """Return gifts that may be the same as `entry`: received within NEAR of it, with the same amount and the same name
    or email, or the same code and postmark. Reversed gifts are left out.
    """
    same: list[ColumnElement[bool]] = []
    if entry.name:
        same.append(func.lower(Donation.name) == entry.name.lower())
    if entry.email:
        same.append(func.lower(Donation.email) == entry.email.lower())
    if entry.code and entry.postmarked_on:
        postmarked = OfflineGift.postmarked_on == entry.postmarked_on
        same.append(and_(Donation.code == entry.code, postmarked))
    if not same:
        return ()
    return session.scalars(
        select(OfflineGift)
        .join(OfflineGift.donation)
        .where(
            OfflineGift.received_on.between(
                entry.received_on - DUPLICATE_WINDOW, entry.received_on + DUPLICATE_WINDOW
            ),
            OfflineGift.reversal_reason.is_(None),
            Donation.amount == entry.amount,
            Donation.currency == entry.campaign.currency,
            or_(*same),
        )
        .options(joinedload(OfflineGift.donation).joinedload(Donation.campaign))
        .order_by(OfflineGift.id.desc())
        .limit(5)
    ).all()
