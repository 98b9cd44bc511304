"""Apply Stripe's payment facts: donation, ledger entry, receipt and email in one transaction.

The same fact may arrive from a webhook, from the donor's return to our site, or both. Every function here is
idempotent, safe to call concurrently and in any order; the strongest fact wins (`models.states`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.core.booking_context import BookingContext, Outcome, foreign
from campaign.core.errors import FactMismatch
from campaign.donations.consents import record_consent
from campaign.donations.donation_lookup import (
    InvoicePayers,
    find_donation_for_payment,
    lock_invoice_payments,
    lock_payment,
)
from campaign.donations.donations import lock_donation
from campaign.donations.tribute_cards import queue_card
from campaign.gateway import CheckoutSession, PaymentIntent
from campaign.ledger.settlement import attach_pending_evidence, settle
from campaign.ledger.subscription_donations import get_or_create_subscription
from campaign.models import Campaign, Donation, DonationState, Frequency, LedgerEntry, LedgerKind
from campaign.models.states import DONATION_TRANSITIONS
from campaign.receipts.receipts import issue_receipt

SESSION_LIFETIME = timedelta(days=1)
"""How long a checkout session accepts a payment: https://docs.stripe.com/api/checkout/sessions/create (expires_at)."""


@dataclass(frozen=True)
class Payment:
    """Money that arrived. `total` is minor units including covered fees; `source` names Stripe's object."""

    source: str
    total: int
    currency: str
    charged_at: datetime
    paid_at: datetime
    payment_intent_id: str | None = None
    invoice_id: str | None = None


def apply_session(
    session: Session, found: CheckoutSession, occurred_at: datetime, books: BookingContext
) -> Outcome:
    """Apply a checkout session as of `occurred_at`, from any source.

    A gift counts from the time of its charge. For a bank debit, that is when the donor authorized it: the session's
    creation time, if the earlier event has not reached us. For a card, it is `occurred_at`, unless the charge was read.
    """
    lock_payment(session, found.payment_intent_id)
    payers = lock_invoice_payments(session, found.invoice_id)
    donation = lock_donation(session, found.donation_id) if found.donation_id else None
    if donation is None:
        return foreign(f"no donation of ours: {found.donation_id}")
    if donation.session_id is None:
        # The event arrived before we saved the response to our own request.
        donation.session_id = found.id
        donation.session_url = found.url
    if found.subscription_id:
        get_or_create_subscription(session, donation, found.subscription_id)
    if found.payment_status in {"paid", "no_payment_required"}:
        payment = _session_payment(donation, found, payers, occurred_at)
        return record_payment(session, donation, payment, books, donation.campaign)
    if found.status == "complete":
        return _record_pending_debit(session, donation, found)
    if found.status == "expired" and found.id == donation.session_id:
        return advance_state(
            session, donation, DonationState.expired, "the session expired without a payment"
        )
    return Outcome(applied=False, note=f"no action for a session that is {found.status}")


def _session_payment(
    donation: Donation, found: CheckoutSession, payers: InvoicePayers, occurred_at: datetime
) -> Payment:
    if found.amount_total is None or found.currency is None:
        raise FactMismatch(f"Session {found.id} is paid but has no amount.")
    return Payment(
        source=found.payment_intent_id or found.invoice_id or found.id,
        total=found.amount_total,
        currency=found.currency,
        charged_at=donation.charged_at or found.charged_at or occurred_at,
        paid_at=occurred_at,
        payment_intent_id=found.payment_intent_id or payers.of(donation),
        invoice_id=found.invoice_id,
    )


def _record_pending_debit(session: Session, donation: Donation, found: CheckoutSession) -> Outcome:
    outcome = advance_state(
        session, donation, DonationState.processing, "a bank debit is processing"
    )
    if donation.charged_at is None:
        donation.charged_at = max(found.created, donation.created_at)
    return outcome


def apply_failed_debit(
    session: Session, found: CheckoutSession, occurred_at: datetime, books: BookingContext
) -> Outcome:
    """Apply a bank debit that failed.

    This ends a one-time gift, even if the debit first appeared to succeed. A monthly gift may still be paid another
    way; its invoice says so.
    """
    lock_payment(session, found.payment_intent_id)
    donation = lock_donation(session, found.donation_id) if found.donation_id else None
    if donation is None:
        return foreign(f"no donation of ours: {found.donation_id}")
    if donation.frequency == Frequency.one_time and donation.returned_at is None:
        donation.returned_at = occurred_at
    outcome = advance_state(session, donation, DonationState.failed, "the bank declined the debit")
    return outcome if outcome.applied else settle(session, donation, books)


def apply_intent(
    session: Session, found: PaymentIntent, occurred_at: datetime, books: BookingContext
) -> Outcome:
    """Apply a payment intent: succeeded, processing, canceled or declined."""
    donation = _lock_intents_donation(session, found)
    if donation is None:
        return foreign("no donation of ours; an invoice's payment is booked by its invoice")
    if donation.invoice_id is not None:
        return Outcome(applied=False, note="an invoice's payment is booked by its invoice")
    if found.status != "succeeded":
        return _apply_unpaid_intent(session, donation, found)
    payment = Payment(
        source=found.id,
        total=found.amount_received,
        currency=found.currency,
        charged_at=donation.charged_at
        or found.charged_at
        or _intent_charged_at(found, occurred_at),
        # Read again after a declined attempt, it is newer than the event.
        paid_at=max(occurred_at, found.charged_at or occurred_at),
        payment_intent_id=found.id,
    )
    return record_payment(session, donation, payment, books, donation.campaign)


def _lock_intents_donation(session: Session, found: PaymentIntent) -> Donation | None:
    """What staff have taken in is known by its payment; its metadata, if any, may name another gift."""
    lock_payment(session, found.id)
    donation = find_donation_for_payment(session, found.id)
    if donation is None and found.donation_id:
        return lock_donation(session, found.donation_id)
    return donation


def _apply_unpaid_intent(session: Session, donation: Donation, found: PaymentIntent) -> Outcome:
    if found.status == "canceled":
        return advance_state(session, donation, DonationState.failed, "the payment was canceled")
    if found.status == "processing":
        return advance_state(
            session, donation, DonationState.processing, "a bank debit is processing"
        )
    return advance_state(session, donation, DonationState.declined, found.failure or "declined")


def _intent_charged_at(found: PaymentIntent, occurred_at: datetime) -> datetime:
    """Return when the intent was charged.

    An intent is created at the donor's first attempt. If it succeeds within the lifetime of its session, it was
    charged when it succeeded. If it takes longer, it is a bank debit and counts from the day it was authorized.
    """
    return occurred_at if occurred_at - found.created <= SESSION_LIFETIME else found.created


def advance_state(
    session: Session, donation: Donation, state: DonationState, reason: str
) -> Outcome:
    """Move an unpaid donation to `state`, unless a stronger fact is already known."""
    if (
        donation.paid_at is not None
        or state not in DONATION_TRANSITIONS[DonationState(donation.state)]
    ):
        return Outcome(applied=False, note=f"the donation is already {donation.state}")
    donation.become(state)
    donation.state_reason = reason
    session.flush()
    return Outcome(applied=True, note=f"the donation is {state}: {reason}")


def record_payment(
    session: Session,
    donation: Donation,
    payment: Payment,
    books: BookingContext,
    campaign: Campaign | None,
) -> Outcome:
    """Book `payment` for the locked `donation`, once. Raises FactMismatch if Stripe charged another amount.

    It counts toward `campaign` if it was charged in the campaign's window; otherwise toward no campaign.
    """
    if payment.currency != donation.currency or payment.total != donation.charge:
        raise FactMismatch(
            f"{payment.source} is for {payment.total} {payment.currency}, but donation {donation.public_id} is for"
            f" {donation.charge} {donation.currency}."
        )
    if donation.paid_at is not None:
        return _apply_again(session, donation, payment, books)
    # Stripe's times are whole seconds, so a charge can appear to be earlier than the form that led to it.
    charged_at = max(payment.charged_at, donation.created_at)
    counts = (
        campaign is not None and campaign.counts(charged_at) and not campaign.is_final(clock.now())
    )
    donation.become(DonationState.paid)
    donation.state_reason = None
    donation.charged_at, donation.paid_at = charged_at, payment.paid_at
    _fill_in_ids(donation, payment)
    session.flush()
    _insert_entry(session, donation, payment, campaign.id if campaign and counts else None)
    record_consent(session, donation)
    queue_card(session, donation, books.mail_domain)
    receipt = issue_receipt(session, donation, books, payment.paid_at)
    later = attach_pending_evidence(session, donation, books)
    followed = f"; then {later.note}" if later.applied else ""
    return Outcome(applied=True, note=f"paid; receipt {receipt.number}{followed}")


def _apply_again(
    session: Session, donation: Donation, payment: Payment, books: BookingContext
) -> Outcome:
    """Save ids that a later event of a booked payment adds; refunds and disputes are matched by them.

    Raises FactMismatch if it is a different payment: the donor paid twice and staff must refund one of them.
    """
    known = donation.payment_intent_id
    if known and payment.payment_intent_id and known != payment.payment_intent_id:
        raise FactMismatch(
            f"Donation {donation.public_id} was paid twice: by {known} and by {payment.payment_intent_id}."
        )
    _fill_in_ids(donation, payment)
    session.flush()
    if donation.payment_intent_id != known:
        attach_pending_evidence(session, donation, books)
    return Outcome(applied=False, note="the donation is already paid")


def _fill_in_ids(donation: Donation, payment: Payment) -> None:
    donation.payment_intent_id = donation.payment_intent_id or payment.payment_intent_id
    donation.invoice_id = donation.invoice_id or payment.invoice_id


def _insert_entry(
    session: Session, donation: Donation, payment: Payment, counted_in: int | None
) -> None:
    """Insert the payment's entry. The database rejects a duplicate (kind, source), which fails the event visibly."""
    session.execute(
        insert(LedgerEntry).values(
            campaign_id=counted_in,
            donation_id=donation.id,
            kind=LedgerKind.payment.value,
            amount=donation.amount,
            fee_cover=donation.fee_cover,
            currency=donation.currency,
            occurred_at=donation.charged_at,
            source=payment.source,
        )
    )
