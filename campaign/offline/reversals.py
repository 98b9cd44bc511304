"""Reverse an offline gift: its check bounced, it was entered by mistake, or it was returned to the donor.

Nothing is deleted: the reversal is posted to the ledger, the donation becomes failed, its receipt is voided, and the
donor is notified in the same way as of the gift.
"""

from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.core.booking_context import BookingContext
from campaign.core.errors import NotFound, ReversalRefused
from campaign.donations.donations import lock_donation
from campaign.donations.gift_dates import latest_day
from campaign.ledger.settlement import settle
from campaign.models import DepositBatch, Donation, OfflineGift, OfflineKind, ReversalReason

_NOON = time(12)


@dataclass(frozen=True)
class ReversedGift:
    """The reversed gift. `new` is False if it was already reversed."""

    gift: OfflineGift
    new: bool


def find_offline_gift(session: Session, public_id: str) -> OfflineGift:
    """Return the offline gift of the donation `public_id`. Raises NotFound."""
    gift = session.scalar(
        select(OfflineGift).join(OfflineGift.donation).where(Donation.public_id == public_id)
    )
    if gift is None:
        raise NotFound(f"Donation {public_id!r} is not an offline gift.")
    return gift


def reversal_reasons(gift: OfflineGift) -> list[ReversalReason]:
    """Return the reasons to reverse a gift of this kind: only a check can bounce."""
    paper = gift.kind in (OfflineKind.cheque, OfflineKind.donor_advised_fund)
    return [one for one in ReversalReason if paper or one != ReversalReason.bounced]


def reverse(
    session: Session,
    public_id: str,
    reason: ReversalReason,
    day: date,
    actor: audit_log.Actor,
    books: BookingContext,
    at: datetime,
) -> ReversedGift:
    """Reverse the offline gift of a donation as of `day`. A gift that is already reversed stays unchanged.

    Raises NotFound, or TakingBackRefused for a day in the future or before the gift was received, or for a reason that
    does not apply to its kind.
    """
    batch_id = find_offline_gift(session, public_id).batch_id
    if batch_id is not None:
        # Lock the batch first, in the same order as when gifts move between batches.
        session.execute(
            select(DepositBatch.id).where(DepositBatch.id == batch_id).with_for_update()
        )
    donation = lock_donation(session, public_id)
    gift = session.scalars(
        select(OfflineGift)
        .join(OfflineGift.donation)
        .where(Donation.public_id == public_id)
        .with_for_update(of=OfflineGift)
        .execution_options(populate_existing=True)
    ).one()
    if donation is None or gift.reversal_reason is not None:
        return ReversedGift(gift, new=False)
    _require_valid(gift, reason, day, at)
    gift.reversal_reason, gift.reversed_on = reason.value, day
    _leave_batch(session, gift)
    noon = datetime.combine(day, _NOON, tzinfo=donation.campaign.zone)
    donation.returned_at = min(noon, at)
    donation.state_reason = _REASONS[reason]
    settle(session, donation, books)
    _record(session, gift, actor)
    return ReversedGift(gift, new=True)


_REASONS = {
    ReversalReason.bounced: "the bank returned it unpaid",
    ReversalReason.mistake: "it was entered by mistake",
    ReversalReason.returned: "it was returned to the donor",
}


def _require_valid(gift: OfflineGift, reason: ReversalReason, day: date, at: datetime) -> None:
    if reason not in reversal_reasons(gift):
        raise ReversalRefused("Only a check can bounce. Choose another reason.")
    if day > latest_day(at, gift.donation.campaign.zone):
        raise ReversalRefused(f"{day} is in the future.")
    if day < gift.received_on:
        raise ReversalRefused(f"{day} is before the gift was received, on {gift.received_on}.")


def _leave_batch(session: Session, gift: OfflineGift) -> None:
    """Remove the gift from an open batch. A closed batch keeps it, because it was deposited."""
    if gift.batch is not None and gift.batch.closed_at is None:
        gift.batch = None
        session.flush()


def _record(session: Session, gift: OfflineGift, actor: audit_log.Actor) -> None:
    """Record the reversal. Each reason is its own action: `offline_gift.bounced`, `.mistaken`, `.returned`."""
    verb = "mistaken" if gift.reversal_reason == ReversalReason.mistake else gift.reversal_reason
    donation = gift.donation
    audit_log.record(
        session,
        actor,
        f"offline_gift.{verb}",
        audit_log.Subject("donation", donation.public_id, donation.campaign_id),
        before={"state": "paid"},
        after={
            "state": donation.state,
            "reference": gift.reference,
            "amount": donation.amount,
            "currency": donation.currency,
            "on": str(gift.reversed_on),
        },
    )
