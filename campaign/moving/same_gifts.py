"""Recognize a gift that another system's file, or Stripe, has brought already, often without a common id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from campaign.core.csv_lists import RejectedLine
from campaign.models import Donation, PastGift
from campaign.moving.gift_rows import PastGiftRow
from campaign.moving.past_donors import PastDonors

SAME_GIFT = timedelta(hours=36)
"""Two systems write the same gift's time in different zones, or only its day."""


@dataclass
class SortedGifts:
    """Rows that are `new`, how many were `joined` to a gift that is here, and those that are refused."""

    new: list[PastGiftRow]
    joined: int
    refused: list[RejectedLine]


@dataclass
class _Twin:
    """A gift of the same donor that is here already. `joinable`: past, and without a payment at Stripe."""

    donation_id: int
    public_id: str
    donor_id: int
    total: int
    currency: str
    charged_at: datetime
    at_stripe: bool
    joinable: bool
    taken: bool = False


def sort_out_alike(
    session: Session, rows: Sequence[PastGiftRow], donors: PastDonors, system: str
) -> SortedGifts:
    """Sort out the rows that a gift from elsewhere than `system` looks like.

    A system's own file and Stripe name the same gifts. Each gift that is here stands for at most one row.
    """
    twins = _twins(session, rows, donors, system)
    found = SortedGifts([], 0, [])
    for row in rows:
        near = twins.get(donors.known(row) or 0, ())
        twin = next((one for one in near if _alike(row, one)), None)
        if twin is None:
            found.new.append(row)
            continue
        twin.taken = True
        if twin.joinable and (row.payment_intent or row.charge):
            _join(session, twin, row)
            found.joined += 1
        else:
            words = (
                f"looks like gift {twin.public_id} of {twin.charged_at:%Y-%m-%d}, which is here already;"
                " if they are two gifts, import with --also-alike"
            )
            found.refused.append(RejectedLine(row.line, words))
    return found


def _twins(
    session: Session, rows: Sequence[PastGiftRow], donors: PastDonors, system: str
) -> Mapping[int, Sequence[_Twin]]:
    ids = {donor for row in rows if (donor := donors.known(row)) is not None}
    moments = [row.given_at for row in rows]
    if not ids:
        return {}
    found = session.execute(
        select(Donation, PastGift)
        .outerjoin(PastGift, PastGift.donation_id == Donation.id)
        .where(
            Donation.donor_id.in_(ids),
            Donation.charged_at.between(min(moments) - SAME_GIFT, max(moments) + SAME_GIFT),
            Donation.paid_at.is_not(None),
            or_(PastGift.id.is_(None), PastGift.system != system),
        )
        .order_by(Donation.charged_at, Donation.id)
    )
    twins: dict[int, list[_Twin]] = {}
    for donation, past in found:
        at_stripe = bool(donation.payment_intent_id or (past and past.charge_id))
        twins.setdefault(donation.donor_id, []).append(
            _Twin(
                donation.id,
                donation.public_id,
                donation.donor_id,
                donation.charge,
                donation.currency,
                donation.charged_at or donation.created_at,
                at_stripe,
                joinable=past is not None and not at_stripe,
            )
        )
    return twins


def _alike(row: PastGiftRow, twin: _Twin) -> bool:
    if twin.taken or (twin.total, twin.currency) != (row.total, row.currency):
        return False
    if twin.at_stripe and row.payment_intent:
        return False  # Two payments of Stripe are two gifts.
    return abs(twin.charged_at - row.given_at) <= SAME_GIFT


def _join(session: Session, twin: _Twin, row: PastGiftRow) -> None:
    """Tell a past gift which payment at Stripe it is, so that what Stripe reports of it later finds it."""
    if row.payment_intent:
        session.execute(
            update(Donation)
            .where(Donation.id == twin.donation_id)
            .values(payment_intent_id=row.payment_intent)
        )
    session.execute(
        update(PastGift)
        .where(PastGift.donation_id == twin.donation_id)
        .values(charge_id=row.charge or None)
    )
