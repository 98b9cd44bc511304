"""Paid invoices: the first one pays the donation that started the subscription, each later one is a new donation."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import campaign_for_renewal
from campaign.core.booking_context import BookingContext, Outcome, foreign
from campaign.core.errors import FactMismatch
from campaign.donations.donation_lookup import (
    InvoicePayers,
    find_invoice_payers,
    lock_invoice_payments,
    lock_payment,
)
from campaign.donations.donations import lock_donation
from campaign.gateway import Invoice, InvoicePaymentFact
from campaign.ledger.payments import Payment, record_payment
from campaign.ledger.settlement import attach_pending_evidence
from campaign.ledger.subscription_donations import (
    first_donation_id,
    get_or_create_subscription,
    renewal_donation,
)
from campaign.models import Campaign, Donation, InvoicePayment
from campaign.offline.paid_outside import OUTSIDE_SOURCE, record_paid_outside
from campaign.subscriptions.subscription_events import clear_failure


def apply_invoice(
    session: Session, invoice: Invoice, occurred_at: datetime, books: BookingContext
) -> Outcome:
    """Book a paid invoice of one of our subscriptions, once. Raises FactMismatch if it is in another currency.

    The customer's credit at Stripe is no new money: what it paid is not booked again.
    """
    if invoice.subscription_id is None:
        return foreign("the invoice belongs to no subscription")
    payers = lock_invoice_payments(session, invoice.id)
    # A subscription that staff took in may have another application's metadata.
    public_id = first_donation_id(session, invoice.subscription_id) or invoice.donation_id
    first = lock_donation(session, public_id) if public_id else None
    if first is None:
        return foreign(f"no donation of ours: {public_id}")
    if invoice.amount_paid <= 0:
        return _paid_by_credit(session, first, invoice)
    subscription = get_or_create_subscription(session, first, invoice.subscription_id)
    if invoice.currency != subscription.currency:
        raise FactMismatch(
            f"{invoice.id} is in {invoice.currency}, the monthly gift in {subscription.currency}."
        )
    clear_failure(session, subscription, invoice)
    # Stripe rounds to whole seconds, but no charge is earlier than the form that led to it.
    charged_at = max(invoice.paid_at or occurred_at, first.created_at)
    donation = first
    campaign: Campaign | None = first.campaign
    if _is_first(invoice, first):
        # A bank debit counts on the day the donor gave.
        charged_at = first.charged_at or charged_at
    else:
        donation = renewal_donation(session, first, subscription, invoice, charged_at)
        campaign = campaign_for_renewal(session, subscription.campaign, charged_at)
    times = (charged_at, occurred_at)
    return book_invoice(session, donation, invoice, payers, times, books, campaign)


def _is_first(invoice: Invoice, first: Donation) -> bool:
    return invoice.first and first.invoice_id in (None, invoice.id)


def _paid_by_credit(session: Session, first: Donation, invoice: Invoice) -> Outcome:
    if first.subscription is None or invoice.credit_used <= 0:
        return Outcome(applied=False, note="the invoice has no payment")
    clear_failure(session, first.subscription, invoice)
    return Outcome(
        applied=True,
        note="paid by the customer's credit at Stripe; no money arrived, none is booked",
    )


def book_invoice(
    session: Session,
    donation: Donation,
    invoice: Invoice,
    payers: InvoicePayers,
    times: tuple[datetime, datetime],
    books: BookingContext,
    campaign: Campaign | None,
) -> Outcome:
    """Book a paid invoice for the locked `donation`, once; `times`: charged, and reported.

    What was paid outside Stripe is offline money: a check that Stripe never saw.
    """
    outside = payers.all_outside(invoice.amount_paid)
    payment = Payment(
        source=f"{OUTSIDE_SOURCE}{invoice.id}" if outside else invoice.id,
        total=invoice.amount_paid,
        currency=invoice.currency,
        charged_at=times[0],
        paid_at=times[1],
        payment_intent_id=payers.of(donation),
        invoice_id=invoice.id,
    )
    outcome = record_payment(session, donation, payment, books, campaign)
    if outside:
        record_paid_outside(session, donation)
    return outcome


def apply_invoice_payment(
    session: Session, found: InvoicePaymentFact, books: BookingContext
) -> Outcome:
    """Save which payment paid an invoice, or a part of it, so that refunds and disputes find their donation.

    This may arrive before the invoice is booked; the booking then reads it from here.
    """
    if found.payment_id is None or found.status != "paid":
        return Outcome(applied=False, note="no payment intent paid it")
    lock_payment(session, found.invoice_id)
    new = _save_payment(session, found)
    lock_payment(session, found.payment_id)
    public_id = session.scalar(
        select(Donation.public_id).where(Donation.invoice_id == found.invoice_id)
    )
    donation = lock_donation(session, public_id) if public_id else None
    if donation is None:
        return Outcome(applied=True, note="saved until its invoice is booked")
    if found.payment_intent_id is None:
        return _outside_payment(session, donation, new=new)
    if donation.payment_intent_id is None:
        donation.payment_intent_id = found.payment_intent_id
        session.flush()
        new = True
    if not new:
        return Outcome(applied=False, note="the payment is already recorded")
    if donation.paid_at is not None:
        attach_pending_evidence(session, donation, books)
    return Outcome(applied=True, note=f"paid by {found.payment_intent_id}")


def _save_payment(session: Session, found: InvoicePaymentFact) -> bool:
    """Save the payment; return whether it is new."""
    row = {
        "invoice_id": found.invoice_id,
        "payment_id": found.payment_id,
        "amount": found.amount,
    }
    saved = insert(InvoicePayment).values(row).on_conflict_do_nothing()
    return session.scalar(saved.returning(InvoicePayment.payment_id)) is not None


def _outside_payment(session: Session, donation: Donation, *, new: bool) -> Outcome:
    """Record that money which was booked as Stripe's came another way, if all of it did."""
    payers = find_invoice_payers(session, donation.invoice_id)
    if donation.paid_at is not None and payers.all_outside(donation.charge):
        new = record_paid_outside(session, donation) or new
    return Outcome(applied=new, note="paid outside Stripe, in whole or in part")
