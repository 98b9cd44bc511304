"""Money that goes back, as Stripe tells of it: each fact is kept as evidence, placed with its donation, and booked.

Every function may be called any number of times, at once and in any order. A fact whose payment is not known yet is
kept and booked with the payment (`ledger.settlement`), so it is never an error to hear of a refund first.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.booking_context import BookingContext, Outcome
from campaign.core.upsert import (
    Rule,
    first_known,
    get_or_insert,
    greatest,
    insert_once,
    upsert_by_rules,
)
from campaign.donations.donation_lookup import find_donation_for_payment, lock_payment
from campaign.gateway import StripeCharge, StripeFraudWarning, StripeRefund
from campaign.ledger.settlement import settle
from campaign.models import Charge, Donation, FraudWarning, Refund, RefundState

_STATES = {
    "pending": RefundState.pending,
    "requires_action": RefundState.pending,
    "succeeded": RefundState.succeeded,
    "failed": RefundState.failed,
    "canceled": RefundState.canceled,
}
_ORDER = [state.value for state in RefundState]
_ENDS = (RefundState.succeeded, RefundState.failed, RefundState.canceled)
_CHARGE_RULES: Mapping[str, Rule] = {
    "donation_id": first_known,
    "refunded": greatest,
    "refunded_at": first_known,
    "returned_at": first_known,
}


def apply_refund(
    session: Session, found: StripeRefund, occurred_at: datetime, books: BookingContext
) -> Outcome:
    """Keep and book a refund as it stands at `occurred_at`, whoever made it."""
    lock_payment(session, found.payment_intent_id)
    donation = find_donation_for_payment(
        session, found.payment_intent_id, charge_id=found.charge_id
    )
    _keep_refund(session, found, donation, occurred_at)
    return settle_if_known(session, donation, books)


def settle_if_known(session: Session, donation: Donation | None, books: BookingContext) -> Outcome:
    """Settle the accounts of the donation that a fact was placed with; without one the fact waits."""
    if donation is None:
        return Outcome(applied=True, note="kept; no payment of ours is known for it yet")
    return settle(session, donation, books)


def _keep_refund(
    session: Session, found: StripeRefund, donation: Donation | None, occurred_at: datetime
) -> None:
    row = _requested(session, found) or _stored(session, found, donation)
    state = _STATES.get(found.status, RefundState.pending)
    row.stripe_id = found.id
    row.donation_id = row.donation_id or (donation.id if donation else None)
    row.payment_intent_id = row.payment_intent_id or found.payment_intent_id
    row.charge_id = row.charge_id or found.charge_id
    row.failure_reason = row.failure_reason or found.failure_reason
    if _ORDER.index(state) > _ORDER.index(row.state):
        row.state = state.value
        row.ended_at = occurred_at if state in _ENDS else None
    session.flush()


def _requested(session: Session, found: StripeRefund) -> Refund | None:
    """Our own request, which Stripe's refund names in its metadata."""
    if not found.request_token:
        return None
    return session.scalar(
        select(Refund).where(Refund.request_token == found.request_token).with_for_update()
    )


def _stored(session: Session, found: StripeRefund, donation: Donation | None) -> Refund:
    fact = {
        "stripe_id": found.id,
        "donation_id": donation.id if donation else None,
        "payment_intent_id": found.payment_intent_id,
        "charge_id": found.charge_id,
        "amount": found.amount,
        "currency": found.currency,
        "state": RefundState.pending.value,
        "reason": found.reason,
        "created_at": found.created,
    }
    return get_or_insert(session, Refund, fact)


def apply_charge(
    session: Session, found: StripeCharge, occurred_at: datetime, books: BookingContext
) -> Outcome:
    """Keep and book what a charge says of its refunds, or that its debit was taken back."""
    lock_payment(session, found.payment_intent_id)
    donation = find_donation_for_payment(
        session, found.payment_intent_id, public_id=found.donation_id
    )
    _keep_charge(session, found, donation, occurred_at)
    for refund in found.refunds:
        _keep_refund(session, refund, donation, occurred_at)
    return settle_if_known(session, donation, books)


def _keep_charge(
    session: Session, found: StripeCharge, donation: Donation | None, occurred_at: datetime
) -> None:
    fact = {
        "stripe_id": found.id,
        "payment_intent_id": found.payment_intent_id,
        "donation_id": donation.id if donation else None,
        "amount": max(found.amount, found.amount_refunded),
        "refunded": found.amount_refunded,
        "currency": found.currency,
        "refunded_at": occurred_at if found.amount_refunded else None,
        "returned_at": occurred_at if found.returned else None,
    }
    upsert_by_rules(session, Charge, fact, _CHARGE_RULES)


def record_fraud_warning(session: Session, found: StripeFraudWarning) -> Outcome:
    """Keep an early fraud warning for staff to see. It moves nothing; a refund in time avoids the dispute."""
    lock_payment(session, found.payment_intent_id)
    donation = find_donation_for_payment(
        session, found.payment_intent_id, charge_id=found.charge_id
    )
    fact = {
        "stripe_id": found.id,
        "donation_id": donation.id if donation else None,
        "payment_intent_id": found.payment_intent_id,
        "charge_id": found.charge_id,
        "fraud_type": found.fraud_type,
        "actionable": found.actionable,
        "created_at": found.created,
    }
    new = insert_once(session, FraudWarning, fact)
    return Outcome(applied=new, note="an early fraud warning, for staff to look at")
