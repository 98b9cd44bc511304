"""Paid invoices: the first one pays the donation that started the subscription, each later one is a new donation."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import campaign_for_renewal
from campaign.core.booking_context import BookingContext, Outcome, foreign
from campaign.core.errors import FactMismatch
from campaign.core.upsert import insert_once
from campaign.donations.donation_lookup import lock_invoice_payment, lock_payment
from campaign.donations.donations import lock_donation
from campaign.gateway import Invoice, InvoicePaymentFact
from campaign.ledger.payments import Payment, record_payment
from campaign.ledger.settlement import attach_pending_evidence
from campaign.ledger.subscription_donations import (
    first_donation_id,
    get_or_create_subscription,
    renewal_donation,
)
from campaign.models import Donation, InvoicePayment
from campaign.subscriptions.subscription_events import clear_failure


def apply_invoice(
    session: Session, invoice: Invoice, occurred_at: datetime, books: BookingContext
) -> Outcome:
    """Book a paid invoice of one of our subscriptions, once. Raises FactMismatch if it is in another currency."""
    if invoice.subscription_id is None:
        return foreign("the invoice belongs to no subscription")
    if invoice.amount_paid <= 0:
        return Outcome(applied=False, note="the invoice has no payment")
    intent_id = lock_invoice_payment(session, invoice.id)
    public_id = invoice.donation_id or first_donation_id(session, invoice.subscription_id)
    first = lock_donation(session, public_id) if public_id else None
    if first is None:
        return foreign(f"no donation of ours: {public_id}")
    subscription = get_or_create_subscription(session, first, invoice.subscription_id)
    if invoice.currency != subscription.currency:
        raise FactMismatch(
            f"{invoice.id} is in {invoice.currency}, the monthly gift in {subscription.currency}."
        )
    clear_failure(session, subscription, invoice)
    # Stripe rounds to whole seconds, but no charge is earlier than the form that led to it.
    charged_at = max(invoice.paid_at or occurred_at, first.created_at)
    payment = Payment(
        source=invoice.id,
        total=invoice.amount_paid,
        currency=invoice.currency,
        charged_at=charged_at,
        paid_at=occurred_at,
        payment_intent_id=intent_id,
        invoice_id=invoice.id,
    )
    if invoice.first:
        # A bank debit counts on the day the donor gave.
        dated = replace(payment, charged_at=first.charged_at or charged_at)
        return record_payment(session, first, dated, books, first.campaign)
    donation = renewal_donation(session, first, subscription, invoice, charged_at)
    campaign = campaign_for_renewal(session, first.campaign, charged_at)
    return record_payment(session, donation, payment, books, campaign)


def apply_invoice_payment(
    session: Session, found: InvoicePaymentFact, books: BookingContext
) -> Outcome:
    """Save which payment intent paid an invoice, so that refunds and disputes find their donation.

    This may arrive before the invoice is booked; the booking then reads it from here.
    """
    if found.payment_intent_id is None or found.status != "paid":
        return Outcome(applied=False, note="no payment intent paid it")
    lock_payment(session, found.invoice_id)
    fact = {"invoice_id": found.invoice_id, "payment_intent_id": found.payment_intent_id}
    insert_once(session, InvoicePayment, fact, key="invoice_id")
    lock_payment(session, found.payment_intent_id)
    public_id = session.scalar(
        select(Donation.public_id).where(Donation.invoice_id == found.invoice_id)
    )
    donation = lock_donation(session, public_id) if public_id else None
    if donation is None:
        return Outcome(applied=True, note="saved until its invoice is booked")
    if donation.payment_intent_id is not None:
        return Outcome(applied=False, note="the payment is already recorded")
    donation.payment_intent_id = found.payment_intent_id
    session.flush()
    if donation.paid_at is not None:
        attach_pending_evidence(session, donation, books)
    return Outcome(applied=True, note=f"paid by {found.payment_intent_id}")
