"""What whoever enters an offline gift is told before it counts: it may be here already, or count for no campaign."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from campaign.core import money
from campaign.core.errors import OfflineGiftKnown
from campaign.donations.gift_dates import place_gift
from campaign.donations.offline_kinds import NAMES, TAKEN_BACK
from campaign.models import Campaign, Donation, OfflineGift, TakenBack
from campaign.offline.entry_parsing import OfflineEntry

NEAR = timedelta(days=10)
"""How far apart two people may receive or enter one check."""


@dataclass(frozen=True)
class Doubt:
    """A sentence, and the key by which it is waived once it was read."""

    key: str
    words: str


def require_unknown(session: Session, reference: str) -> None:
    """Raise OfflineGiftKnown where a gift that was not a mistake has this reference, in any case."""
    known = standing(session, reference)
    if known is None:
        return
    was = f" and {TAKEN_BACK[TakenBack(known.taken_back)]} since" if known.taken_back else ""
    raise OfflineGiftKnown(
        f"Reference {known.reference} is {describe(known)}{was}. If this is another gift, add to its reference, such as"
        f" the bank's name: {reference} First National."
    )


def standing(session: Session, reference: str) -> OfflineGift | None:
    """The gift with this reference, unless it was entered by mistake."""
    return session.scalar(
        select(OfflineGift)
        .where(
            func.lower(OfflineGift.reference) == func.lower(reference),
            OfflineGift.taken_back.is_distinct_from(TakenBack.mistake.value),
        )
        .options(joinedload(OfflineGift.donation))
    )


def describe(gift: OfflineGift) -> str:
    """`a check of $50 from Ana Reyes, received on 2026-12-03, entered by ben@example.org on 2026-12-04`."""
    donation = gift.donation
    amount = money.format_money(donation.amount, donation.currency)
    giver = donation.name or donation.email or "somebody unnamed"
    kind = next(name for one, name in NAMES.items() if one == gift.kind).lower()
    article = "" if kind in {"cash", "stock"} else "a "
    zone = donation.campaign.zone
    return (
        f"{article}{kind} of {amount} from {giver}, received on {gift.received_on}, entered by {gift.entered_by}"
        f" on {gift.created_at.astimezone(zone):%Y-%m-%d at %H:%M}"
    )


def doubts(session: Session, entry: OfflineEntry, campaign: Campaign, at: datetime) -> list[Doubt]:
    """Everything to be told before `entry` is made."""
    return [*_place(entry, campaign, at), *_alike(session, entry)]


def _place(entry: OfflineEntry, campaign: Campaign, at: datetime) -> Iterator[Doubt]:
    place = place_gift(campaign, entry.day, at)
    if not place.counts:
        yield Doubt("place", f"It will be booked, and count for no campaign: {place.why_not}.")


def _alike(session: Session, entry: OfflineEntry) -> Iterator[Doubt]:
    for gift in look_alikes(session, entry):
        yield Doubt(f"like-{gift.id}", f"It looks like {gift.reference}, {describe(gift)}.")


def look_alikes(session: Session, entry: OfflineEntry) -> Sequence[OfflineGift]:
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
            OfflineGift.received_on.between(entry.received_on - NEAR, entry.received_on + NEAR),
            OfflineGift.taken_back.is_(None),
            Donation.amount == entry.amount,
            Donation.currency == entry.campaign.currency,
            or_(*same),
        )
        .options(joinedload(OfflineGift.donation).joinedload(Donation.campaign))
        .order_by(OfflineGift.id.desc())
        .limit(5)
    ).all()
