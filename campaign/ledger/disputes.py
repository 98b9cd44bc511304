"""Disputes and inquiries: what a bank took, gave back, and how it ended. https://docs.stripe.com/disputes/how-disputes-work"""

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
"""Stripe's statuses, the stronger later: an inquiry may become a dispute, a dispute ends, and nothing goes back."""


@dataclass(frozen=True)
class DisputeTransfer:
    """What the telling itself proves to have moved, where the object lists no balance transactions."""

    withdrawn: bool = False
    reinstated: bool = False


def apply_dispute(
    session: Session,
    found: StripeDispute,
    moved: DisputeTransfer,
    occurred_at: datetime,
    books: BookingContext,
) -> Outcome:
    """Keep and book a dispute as it stands at `occurred_at`. An inquiry is kept and moves nothing."""
    lock_payment(session, found.payment_intent_id)
    donation = find_donation_for_payment(
        session, found.payment_intent_id, charge_id=found.charge_id
    )
    row = _stored(session, found, donation, occurred_at)
    changed = _keep(row, found, moved, occurred_at)
    row.donation_id = row.donation_id or (donation.id if donation else None)
    session.flush()
    outcome = settle_if_known(session, donation, books)
    if changed and not outcome.applied:
        return Outcome(applied=True, note=f"the dispute is {row.status}")
    return outcome


def _stored(
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


def _keep(
    row: Dispute, found: StripeDispute, moved: DisputeTransfer, occurred_at: datetime
) -> bool:
    """Let the row know what the fact knows besides; whether that was anything new."""
    before = (row.status, row.withdrawn, row.reinstated, len(row.balance_transactions))
    if _strength(found.status) > _strength(row.status):
        row.status = found.status
        row.due_by = found.due_by or row.due_by
    row.as_of = max(row.as_of, occurred_at)
    row.balance_transactions = _united(row.balance_transactions, found)
    out, back = _sums(row)
    # Won means that it was taken and given back, lost that it was taken, whatever event was missed.
    ended = found.status in {"won", "lost"}
    if moved.withdrawn or moved.reinstated or ended:
        out = max(out, found.amount)
    if moved.reinstated or found.status == "won":
        back = max(back, found.amount)
    row.withdrawn, row.reinstated = max(row.withdrawn, out), max(row.reinstated, back)
    return before != (row.status, row.withdrawn, row.reinstated, len(row.balance_transactions))


def _strength(status: str) -> int:
    """A status of a later API is taken for one under way."""
    if not status:
        return -1
    return _STRENGTH.index(status if status in _STRENGTH else "needs_response")


def _united(known: list[dict[str, Any]], found: StripeDispute) -> list[dict[str, Any]]:
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


def _sums(row: Dispute) -> tuple[int, int]:
    """(withdrawn, reinstated) by the balance transactions; one in another currency tells only that it happened."""
    out = back = 0
    for one in row.balance_transactions:
        same = one["currency"] == row.currency
        moved = abs(one["amount"]) if same else row.amount
        if one["amount"] < 0:
            out += moved
        elif one["amount"] > 0:
            back += moved
    return out, back
