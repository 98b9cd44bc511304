"""A paid invoice: the first one pays the donation that began the subscription, each later one is a donation."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from campaign.gateway import Invoice
from campaign.services.books import Books, Outcome
from campaign.services.campaigns import campaign_for_renewal
from campaign.services.donations import lock_donation
from campaign.services.payments import Payment, record_payment
from campaign.services.subscriptions import (
    first_donation_id,
    join_subscription,
    renewal_donation,
)


def apply_invoice(
    session: Session, invoice: Invoice, occurred_at: datetime, books: Books
) -> Outcome:
    """Book a paid invoice of a subscription of ours, once."""
    if invoice.subscription_id is None:
        return Outcome(applied=False, note="the invoice belongs to no subscription")
    if invoice.amount_paid <= 0:
        return Outcome(applied=False, note="the invoice moved no money")
    public_id = invoice.donation_id or first_donation_id(session, invoice.subscription_id)
    first = lock_donation(session, public_id) if public_id else None
    if first is None:
        return Outcome(applied=False, note=f"no donation of ours: {public_id}")
    subscription = join_subscription(session, first, invoice.subscription_id)
    # Stripe counts whole seconds: no charge is before the form that led to it.
    charged_at = max(invoice.paid_at or occurred_at, first.created_at)
    payment = Payment(
        source=invoice.id,
        total=invoice.amount_paid,
        currency=invoice.currency,
        charged_at=charged_at,
        paid_at=occurred_at,
        invoice_id=invoice.id,
    )
    if invoice.first:
        # A debit was promised, and so counts, on the day the donor gave.
        dated = replace(payment, charged_at=first.charged_at or charged_at)
        return record_payment(session, first, dated, books, first.campaign)
    donation = renewal_donation(session, first, subscription, invoice, charged_at)
    campaign = campaign_for_renewal(session, first.campaign, charged_at)
    return record_payment(session, donation, payment, books, campaign)
