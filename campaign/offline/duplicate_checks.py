"""What whoever enters an offline gift is told before it counts: it may be here already, or count for no campaign."""

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
"""How far apart two people may receive or enter one check."""


@dataclass(frozen=True)
class EntryWarning:
    """A sentence, and the key by which it is waived once it was read."""

    key: str
    words: str


def require_new_reference(session: Session, reference: str) -> None:
    """Raise OfflineGiftKnown where a gift that was not a mistake has this reference, in any case."""
    known = find_by_reference(session, reference)
    if known is None:
        return
    was = (
        f" and {REVERSAL_TEXTS[ReversalReason(known.reversal_reason)]} since"
        if known.reversal_reason
        else ""
    )
    raise OfflineGiftKnown(
        f"Reference {known.reference} is {describe(known)}{was}. If this is another gift, add to its reference, such as"
        f" the bank's name: {reference} First National."
    )


def find_by_reference(session: Session, reference: str) -> OfflineGift | None:
    """The gift with this reference, unless it was entered by mistake."""
    return session.scalar(
        select(OfflineGift)
        .where(
            func.lower(OfflineGift.reference) == func.lower(reference),
            OfflineGift.reversal_reason.is_distinct_from(ReversalReason.mistake.value),
        )
        .options(joinedload(OfflineGift.donation))
    )


def describe(gift: OfflineGift) -> str:
    """`a check of $50 from Ana Reyes, received on 2026-12-03, entered by ben@example.org on 2026-12-04`."""
    donation = gift.donation
    amount = money.format_money(donation.amount, donation.currency)
    giver = donation.name or donation.email or "somebody unnamed"
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
    """Everything to be told before `entry` is made."""
    return [*_place(entry, campaign, at), *_alike(session, entry)]


def _place(entry: OfflineEntry, campaign: Campaign, at: datetime) -> Iterator[EntryWarning]:
    place = place_offline_gift(campaign, entry.day, at)
    if not place.counts:
        yield EntryWarning(
            "place", f"It will be booked, and count for no campaign: {place.why_not}."
        )


def _alike(session: Session, entry: OfflineEntry) -> Iterator[EntryWarning]:
    for gift in find_similar_gifts(session, entry):
        yield EntryWarning(f"like-{gift.id}", f"It looks like {gift.reference}, {describe(gift)}.")


def find_similar_gifts(session: Session, entry: OfflineEntry) -> Sequence[OfflineGift]:
    """Gifts that may be this one: the same amount from the same name, or with the same code and postmark, received
    within NEAR of it. Taken back ones are over.
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
