"""Refund evidence from Stripe: save each fact, match it to its donation and settle that donation.

Every function is idempotent, safe to call concurrently and in any order. If the payment is not known yet, the fact is
saved and booked together with the payment (`ledger.settlement`), so a refund may arrive before its payment.
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
_FINAL = (RefundState.succeeded, RefundState.failed, RefundState.canceled)
_CHARGE_RULES: Mapping[str, Rule] = {
    "donation_id": first_known,
    "refunded": greatest,
    "refunded_at": first_known,
    "returned_at": first_known,
}


def apply_refund(
    session: Session, found: StripeRefund, occurred_at: datetime, books: BookingContext
) -> Outcome:
    """Save a refund as of `occurred_at`, whether we or someone else made it, and settle its donation."""
    lock_payment(session, found.payment_intent_id)
    donation = find_donation_for_payment(
        session, found.payment_intent_id, charge_id=found.charge_id
    )
    _save_refund(session, found, donation, occurred_at)
    return settle_if_known(session, donation, books)


def settle_if_known(session: Session, donation: Donation | None, books: BookingContext) -> Outcome:
    """Settle the donation that a fact belongs to; if none is known yet, the fact waits for its payment."""
    if donation is None:
        return Outcome(applied=True, note="saved; its payment is not known here yet")
    return settle(session, donation, books)


def _save_refund(
    session: Session, found: StripeRefund, donation: Donation | None, occurred_at: datetime
) -> None:
    row = _own_request(session, found) or _get_row(session, found, donation)
    state = _STATES.get(found.status, RefundState.pending)
    row.stripe_id = found.id
    row.donation_id = row.donation_id or (donation.id if donation else None)
    row.payment_intent_id = row.payment_intent_id or found.payment_intent_id
    row.charge_id = row.charge_id or found.charge_id
    row.failure_reason = row.failure_reason or found.failure_reason
    if _ORDER.index(state) > _ORDER.index(row.state):
        row.state = state.value
        row.ended_at = occurred_at if state in _FINAL else None
    session.flush()


def _own_request(session: Session, found: StripeRefund) -> Refund | None:
    """Return our own refund request, if Stripe's refund names one in its metadata."""
    if not found.request_token:
        return None
    return session.scalar(
        select(Refund).where(Refund.request_token == found.request_token).with_for_update()
    )


def _get_row(session: Session, found: StripeRefund, donation: Donation | None) -> Refund:
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
    """Save a charge's refunds, or the reversal of its debit, and settle its donation."""
    lock_payment(session, found.payment_intent_id)
    donation = find_donation_for_payment(
        session, found.payment_intent_id, public_id=found.donation_id, charge_id=found.id
    )
    _save_charge(session, found, donation, occurred_at)
    for refund in found.refunds:
        _save_refund(session, refund, donation, occurred_at)
    return settle_if_known(session, donation, books)


def _save_charge(
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
    """Save an early fraud warning for staff. It moves no money; a prompt refund avoids the dispute."""
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
    return Outcome(applied=new, note="an early fraud warning for staff to review")
