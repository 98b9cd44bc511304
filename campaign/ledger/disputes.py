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
from campaign.ledger.refund_evidence import settle_if_known
from campaign.models import Dispute, Donation

_STRENGTH = (
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
    "prevented",
    "needs_response",
    "under_review",
    "won",
    "lost",
)
"""Stripe's statuses, weakest first. An inquiry may become a dispute and a dispute may close; neither moves backward."""


@dataclass(frozen=True)
class DisputeTransfer:
    """What the event type itself proves was moved, even if the object lists no balance transactions."""

    withdrawn: bool = False
    reinstated: bool = False


def apply_dispute(
    session: Session,
    found: StripeDispute,
    moved: DisputeTransfer,
    occurred_at: datetime,
    books: BookingContext,
) -> Outcome:
    """Save a dispute as of `occurred_at` and settle its donation. An inquiry is saved but moves no money."""
    lock_payment(session, found.payment_intent_id)
    donation = find_donation_for_payment(
        session, found.payment_intent_id, charge_id=found.charge_id
    )
    row = _get_row(session, found, donation, occurred_at)
    changed = _merge(row, found, moved, occurred_at)
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
    row: Dispute, found: StripeDispute, moved: DisputeTransfer, occurred_at: datetime
) -> bool:
    """Merge the new facts into the row; return whether anything changed."""
    before = (row.status, row.withdrawn, row.reinstated, len(row.balance_transactions))
    if _strength(found.status) > _strength(row.status):
        row.status = found.status
        row.due_by = found.due_by or row.due_by
    row.as_of = max(row.as_of, occurred_at)
    row.balance_transactions = _merge_transactions(row.balance_transactions, found)
    withdrawn, reinstated = _totals(row)
    # Won implies withdrawn and reinstated, lost implies withdrawn, even if an event was missed.
    ended = found.status in {"won", "lost"}
    if moved.withdrawn or moved.reinstated or ended:
        withdrawn = max(withdrawn, found.amount)
    if moved.reinstated or found.status == "won":
        reinstated = max(reinstated, found.amount)
    row.withdrawn, row.reinstated = max(row.withdrawn, withdrawn), max(row.reinstated, reinstated)
    return before != (row.status, row.withdrawn, row.reinstated, len(row.balance_transactions))


def _strength(status: str) -> int:
    """Rank a status. An unknown status (from a later API version) counts as an open dispute."""
    if not status:
        return -1
    return _STRENGTH.index(status if status in _STRENGTH else "needs_response")


def _merge_transactions(known: list[dict[str, Any]], found: StripeDispute) -> list[dict[str, Any]]:
    by_id = {one["id"]: one for one in known}
    for one in found.balance_transactions:
        by_id.setdefault(
            one.id,
            {
                "id": one.id,
                "amount": one.amount,
                "fee": one.fee,
                "currency": one.currency,
                "created": int(one.created.timestamp()),
            },
        )
    return sorted(by_id.values(), key=lambda one: (one["created"], one["id"]))


def _totals(row: Dispute) -> tuple[int, int]:
    """Sum (withdrawn, reinstated) from the balance transactions.

    One in another currency only shows that money moved; it counts with the dispute's own amount.
    """
    withdrawn = reinstated = 0
    for one in row.balance_transactions:
        same = one["currency"] == row.currency
        moved = abs(one["amount"]) if same else row.amount
        if one["amount"] < 0:
            withdrawn += moved
        elif one["amount"] > 0:
            reinstated += moved
    return withdrawn, reinstated
