"""Disputes and inquiries: what the bank withdrew, what it reinstated, and the outcome.

https://docs.stripe.com/disputes/how-disputes-work
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaign.core.booking_context import BookingContext, Outcome
from campaign.core.upsert import get_or_insert
from campaign.donations.donation_lookup import find_donation_for_payment, lock_payment
from campaign.gateway import StripeDispute
from campaign.ledger.dispute_movements import (
    APPEALED,
    GONE,
    WON,
    MovementMeaning,
    meaning_of,
    withdrawn_by,
)
from campaign.ledger.refund_evidence import settle_if_known
from campaign.models import Dispute, Donation

_STRENGTH = (
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
    "prevented",
    "needs_response",
    "under_review",
    "lost",
    "appeal_needs_response",
    "appeal_under_review",
    "won",
)
"""Stripe's statuses in the order in which a dispute can pass through them, for reports of the same second.

Time decides first: a lost dispute may be appealed, and the appeal may be lost as well.
"""
_LOST_ON_APPEAL = len(_STRENGTH)
REVERSAL = MovementMeaning.reversal


@dataclass(frozen=True)
class DisputeReport:
    """What is known beside the object: the money that an event's type proves to have moved, and the status before.

    `current`: the object is no event's, but was read from Stripe just now, and its status holds.
    """

    withdrawn: bool = False
    reinstated: bool = False
    previous_status: str = ""
    current: bool = False


def apply_dispute(
    session: Session,
    found: StripeDispute,
    reported: DisputeReport,
    occurred_at: datetime,
    books: BookingContext,
) -> Outcome:
    """Save a dispute as of `occurred_at` and settle its donation. An inquiry is saved but moves no money."""
    lock_payment(session, found.payment_intent_id)
    donation = find_donation_for_payment(
        session, found.payment_intent_id, charge_id=found.charge_id
    )
    row = _get_row(session, found, donation, occurred_at)
    changed = _merge(row, found, reported, occurred_at)
    row.donation_id = row.donation_id or (donation.id if donation else None)
    session.flush()
    outcome = settle_if_known(session, donation, books)
    if changed and not outcome.applied:
        return Outcome(applied=True, note=f"the dispute is {row.status}")
    return outcome


def _get_row(
    session: Session, found: StripeDispute, donation: Donation | None, occurred_at: datetime
) -> Dispute:
    fact = {
        "stripe_id": found.id,
        "donation_id": donation.id if donation else None,
        "payment_intent_id": found.payment_intent_id,
        "charge_id": found.charge_id,
        "amount": found.amount,
        "currency": found.currency,
        "reason": found.reason,
        "status": "",
        "opened_at": found.created,
        "as_of": occurred_at,
    }
    return get_or_insert(session, Dispute, fact)


def _merge(
    row: Dispute, found: StripeDispute, reported: DisputeReport, occurred_at: datetime
) -> bool:
    """Merge the new facts into the row; return whether anything changed."""
    before = _shown(row)
    _merge_status(row, found, reported, occurred_at)
    row.balance_transactions = _merge_transactions(row.balance_transactions, found)
    # Won implies withdrawn and reinstated, lost implies withdrawn, even if an event was missed.
    certain = reported.withdrawn or reported.reinstated or _implies_withdrawal(found.status)
    withdrawn = max(row.withdrawn, withdrawn_by(row), row.amount if certain else 0)
    row.withdrawn = min(withdrawn, row.amount)
    row.reinstated = _reinstated(row, reported)
    return before != _shown(row)


def _shown(row: Dispute) -> tuple[object, ...]:
    known = len(row.balance_transactions)
    return (
        row.status,
        row.appealed,
        row.due_by,
        row.amount,
        row.withdrawn,
        row.reinstated,
        known,
    )


def _merge_status(
    row: Dispute, found: StripeDispute, reported: DisputeReport, occurred_at: datetime
) -> None:
    """Take over what a later report says, or one that must have followed within the same second."""
    after_appeal = reported.previous_status in APPEALED
    known = row.as_of, _strength(row.status, appealed=row.appealed)
    told = occurred_at, _strength(found.status, appealed=after_appeal)
    if told > known or reported.current:
        if found.due_by or found.status != row.status:
            row.due_by = found.due_by
        row.status, row.amount = found.status, found.amount
    row.appealed = row.appealed or after_appeal or found.status in APPEALED
    row.as_of = max(row.as_of, occurred_at)


def _strength(status: str, *, appealed: bool) -> int:
    """Rank a status. An unknown status (from a later API version) counts as an open dispute."""
    if not status:
        return -1
    if status == "lost" and appealed:
        return _LOST_ON_APPEAL
    return _STRENGTH.index(status if status in _STRENGTH else "needs_response")


def _implies_withdrawal(status: str) -> bool:
    return status in {"won", "lost"} or status in APPEALED


def _reinstated(row: Dispute, reported: DisputeReport) -> int:
    """Return how much of the withdrawn amount is ours again, by the status: cents after a lost dispute are no gift.

    While it is open, only an event proves it: https://docs.stripe.com/api/events/types
    (charge.dispute.funds_reinstated, which is also sent for parts).
    """
    if row.status in WON:
        return row.withdrawn
    if row.status in GONE:
        return 0
    return row.withdrawn if reported.reinstated else row.reinstated


def _merge_transactions(known: list[dict[str, Any]], found: StripeDispute) -> list[dict[str, Any]]:
    """Add the transactions that are new, and mark those that came back although the dispute was lost."""
    by_id = {one["id"]: one for one in known}
    for one in found.balance_transactions:
        # Rows of before 0029 lack the category.
        if not by_id.get(one.id, {}).get("category"):
            by_id[one.id] = {
                "id": one.id,
                "amount": one.amount,
                "fee": one.fee,
                "currency": one.currency,
                "created": int(one.created.timestamp()),
                "category": one.category,
            }
        if found.status in GONE and meaning_of(one.category, one.amount) == REVERSAL:
            by_id[one.id] = by_id[one.id] | {"adjustment": True}
    return sorted(by_id.values(), key=lambda one: (one["created"], one["id"]))
